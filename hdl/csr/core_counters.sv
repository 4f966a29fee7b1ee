// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Counts what the CSRs report. Every counter runs from reset and wraps.
module core_counters import queue_pkg::*; #(
  parameter int unsigned Streams = 1
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic               busy_i,
  input  logic               read_beat_i,
  input  logic               write_beat_i,
  input  logic               read_error_i,
  input  logic               write_error_i,
  input  logic               command_i,
  input  logic [Streams-1:0] record_i,
  input  logic [Streams-1:0] minutia_i,
  output counters_t          counters_o
);
  always_ff @(posedge clk_i) begin
    counters_o.cycles       <= counters_o.cycles + 64'd1;
    counters_o.busy_cycles  <= counters_o.busy_cycles + 64'(busy_i);
    counters_o.read_beats   <= counters_o.read_beats + 64'(read_beat_i);
    counters_o.write_beats  <= counters_o.write_beats + 64'(write_beat_i);
    counters_o.records      <= counters_o.records + 64'($countones(record_i));
    counters_o.minutiae     <= counters_o.minutiae + 64'($countones(minutia_i));
    counters_o.read_errors  <= counters_o.read_errors + 32'(read_error_i);
    counters_o.write_errors <= counters_o.write_errors + 32'(write_error_i);
    counters_o.commands     <= counters_o.commands + 32'(command_i);
    if (rst_i) counters_o <= '0;
  end
endmodule
