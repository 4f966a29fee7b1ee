"""Writes every generated file below the folder given as the only argument, with the paths they have in the repository."""

import sys
from pathlib import Path

import markdown
import model
import rust
import systemverilog


def main() -> None:
    root = Path(sys.argv[1])
    spec = model.load()
    files = {
        "hdl/pkg/whorl_gen_pkg.sv": systemverilog.package(spec),
        "host/layout/src/generated.rs": rust.module(spec),
        "testbench/whorl_parity.sv": systemverilog.parity(spec),
        "host/python/src/layout_records.rs": rust.parity(spec),
        "docs/registers.md": markdown.registers(spec),
        "docs/wire-formats.md": markdown.formats(spec),
    }
    for name, body in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    folder = root / "hdl/csr"
    folder.mkdir(parents=True, exist_ok=True)
    systemverilog.register_block(spec, folder)


if __name__ == "__main__":
    main()
