// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Counts what the CSRs report. Every counter runs from reset and wraps.
module core_counters import queue_pkg::*, match_pkg::*; #(
  parameter int unsigned Streams = 1
) (
  input  logic           clk_i,
  input  logic           rst_i,
  input  logic           busy_i,
  input  logic           read_beat_i,
  input  logic           read_wait_i,
  input  logic           read_hold_i,
  input  logic           write_beat_i,
  input  logic           read_error_i,
  input  logic           write_error_i,
  input  logic           command_i,
  input  stream_events_t events_i [Streams],
  output counters_t      counters_o,
  output stream_totals_t streams_o [Streams]
);
  // Sums over the streams; STREAMS_MAX * PROBES_MAX fits eight bits.
  logic [7:0] records, minutiae, comparisons, candidates;

  always_comb begin
    {records, minutiae, comparisons, candidates} = '0;
    for (int unsigned s = 0; s < Streams; s++) begin
      records     += 8'(events_i[s].record);
      minutiae    += 8'(events_i[s].minutia);
      comparisons += 8'(events_i[s].comparisons);
      candidates  += 8'(events_i[s].candidates);
    end
  end

  always_ff @(posedge clk_i) begin
    counters_o.cycles       <= counters_o.cycles + 64'd1;
    counters_o.busy_cycles  <= counters_o.busy_cycles + 64'(busy_i);
    counters_o.read_beats   <= counters_o.read_beats + 64'(read_beat_i);
    counters_o.write_beats  <= counters_o.write_beats + 64'(write_beat_i);
    counters_o.records      <= counters_o.records + 64'(records);
    counters_o.minutiae     <= counters_o.minutiae + 64'(minutiae);
    counters_o.read_errors  <= counters_o.read_errors + 32'(read_error_i);
    counters_o.write_errors <= counters_o.write_errors + 32'(write_error_i);
    counters_o.commands     <= counters_o.commands + 32'(command_i);
    counters_o.comparisons  <= counters_o.comparisons + 64'(comparisons);
    counters_o.candidates   <= counters_o.candidates + 64'(candidates);
    counters_o.read_wait    <= counters_o.read_wait + 64'(read_wait_i);
    counters_o.read_hold    <= counters_o.read_hold + 64'(read_hold_i);
    if (rst_i) counters_o <= '0;
  end

  for (genvar s = 0; s < int'(Streams); s++) begin : gen_stream
    always_ff @(posedge clk_i) begin
      streams_o[s].active        <= streams_o[s].active + 64'(events_i[s].active);
      streams_o[s].minutiae      <= streams_o[s].minutiae + 64'(events_i[s].minutia);
      streams_o[s].records       <= streams_o[s].records + 64'(events_i[s].record);
      streams_o[s].lines         <= streams_o[s].lines + 64'(events_i[s].line);
      streams_o[s].starved       <= streams_o[s].starved + 64'(events_i[s].starved);
      streams_o[s].stall_engine  <= streams_o[s].stall_engine + 64'(events_i[s].engine);
      streams_o[s].stall_collect <= streams_o[s].stall_collect + 64'(events_i[s].collect);
      if (rst_i) streams_o[s] <= '0;
    end
  end
endmodule
