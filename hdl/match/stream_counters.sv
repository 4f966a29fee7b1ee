// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Counts the work of a stream and says where its cycles went.
///
/// A cycle with `active_i` takes a minutia (or an empty record), or is lost for one of three reasons:
/// nothing to take (starved), an engine's pass B busy (engine), else a score queue full (collect).
module stream_counters import match_pkg::*; (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             active_i,
  input  logic             line_taken_i,
  // beats of the reader
  input  logic             beat_valid_i,
  input  logic             beat_taken_i,
  input  logic             beat_present_i, // the beat carries a minutia
  input  logic             pass_b_busy_i,
  // totals since reset
  output stream_counters_t counters_o
);
  logic starved, stalled, engine;
  assign starved = active_i && !beat_valid_i;
  assign stalled = active_i && beat_valid_i && !beat_taken_i;
  assign engine  = stalled && pass_b_busy_i;

  always_ff @(posedge clk_i) begin
    if (line_taken_i) counters_o.lines <= counters_o.lines + 1'b1;
    if (beat_taken_i && beat_present_i) counters_o.minutiae <= counters_o.minutiae + 1'b1;
    if (active_i) counters_o.cycles <= counters_o.cycles + 1'b1;
    if (starved) counters_o.stall_starved <= counters_o.stall_starved + 1'b1;
    if (engine) counters_o.stall_engine <= counters_o.stall_engine + 1'b1;
    if (stalled && !engine) counters_o.stall_collect <= counters_o.stall_collect + 1'b1;
    if (rst_i) counters_o <= '0;
  end

  `ASSERT(LostCyclesAreCycles,
          counters_o.stall_starved + counters_o.stall_engine + counters_o.stall_collect <= counters_o.cycles)
endmodule
