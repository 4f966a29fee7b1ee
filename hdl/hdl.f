// The one ordered list of HDL files, used by lint, simulation and synthesis.
// Paths are relative to the repository's root.
+incdir+hdl/prim
hdl/pkg/whorl_gen_pkg.sv
hdl/pkg/match_pkg.sv
hdl/prim/fifo.sv
hdl/prim/skid_buffer.sv
hdl/prim/ram_1w1r.sv
hdl/prim/fifo_ram.sv
