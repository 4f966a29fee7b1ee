// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Counts the work of a stream and says where its cycles went, in totals of a search and cycle by cycle.
///
/// A cycle with `active_i` takes a minutia (or an empty record), or is lost for one of three reasons:
/// nothing to take (starved), an engine's pass B busy (engine), else a score queue full (collect).
module stream_counters import whorl_gen_pkg::*, match_pkg::*; #(
  localparam int unsigned EngineBits = $clog2(PROBES_MAX + 1)
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             active_i,
  input  logic             line_taken_i,
  // beats of the reader
  input  logic             beat_valid_i,
  input  logic             beat_taken_i,
  input  logic             beat_present_i, // the beat carries a minutia
  input  logic             beat_last_i,    // it ends a record
  input  logic             pass_b_busy_i,
  // engines
  input  logic [EngineBits-1:0] takes_part_i, // engines of the search
  input  logic [EngineBits-1:0] candidates_i, // scores that reached the threshold this cycle
  // totals since reset
  output stream_counters_t counters_o,
  // each cycle, one cycle later
  output stream_events_t   events_o
);
  logic starved, stalled, engine, collect, minutia;
  assign starved = active_i && !beat_valid_i;
  assign stalled = active_i && beat_valid_i && !beat_taken_i;
  assign engine  = stalled && pass_b_busy_i;
  assign collect = stalled && !pass_b_busy_i;
  assign minutia = beat_taken_i && beat_present_i;

  always_ff @(posedge clk_i) begin
    if (line_taken_i) counters_o.lines <= counters_o.lines + 1'b1;
    if (minutia) counters_o.minutiae <= counters_o.minutiae + 1'b1;
    if (active_i) counters_o.cycles <= counters_o.cycles + 1'b1;
    if (starved) counters_o.stall_starved <= counters_o.stall_starved + 1'b1;
    if (engine) counters_o.stall_engine <= counters_o.stall_engine + 1'b1;
    if (collect) counters_o.stall_collect <= counters_o.stall_collect + 1'b1;
    if (rst_i) counters_o <= '0;
  end

  always_ff @(posedge clk_i) begin
    events_o <= '{
      active:      active_i,
      line:        line_taken_i,
      minutia:     minutia,
      record:      beat_taken_i && beat_last_i,
      starved:     starved,
      engine:      engine,
      collect:     collect,
      comparisons: beat_taken_i && beat_last_i ? takes_part_i : '0,
      candidates:  candidates_i
    };
    if (rst_i) events_o <= '0;
  end

  `ASSERT(LostCyclesAreCycles,
          counters_o.stall_starved + counters_o.stall_engine + counters_o.stall_collect <= counters_o.cycles)
endmodule
