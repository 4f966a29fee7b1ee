// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Reads runs of consecutive lines from host memory and offers them as a stream, in order.
///
/// A run is cut into bursts that end at multiples of 1 KiB. A burst is asked for only when the buffer has room
/// for all of it, so the bus is never stalled; up to `Depth` lines are under way, and the next run is
/// taken as soon as the last burst of this one is asked for. One line per cycle. With 250 cycles of
/// latency a depth of 256 carries a full line per cycle.
/// While `flush_i` no run is taken, nothing more is asked for and every line is dropped; it must stay high until `idle_o`.
module line_fetch import dma_pkg::*; #(
  parameter int unsigned Depth = 256  // lines, a power of two, at least BURST_LINES_MAX
) (
  input  logic           clk_i,
  input  logic           rst_i,
  input  logic           flush_i,
  output logic           idle_o,  // no run, nothing under way, nothing held
  // runs to read
  input  logic           request_valid_i,
  output logic           request_ready_o,
  input  fetch_request_t request_i,
  // client of axi_read_port
  output logic           burst_valid_o,
  input  logic           burst_ready_i,
  output burst_t         burst_o,
  input  logic           beat_valid_i,
  input  read_beat_t     beat_i,
  // lines in order
  output logic           line_valid_o,
  input  logic           line_ready_i,
  output fetched_line_t  line_o
);
  if (Depth < BURST_LINES_MAX || Depth != (1 << $clog2(Depth))) begin : gen_check_depth
    $error("line_fetch: Depth must be a power of two from BURST_LINES_MAX");
  end

  // Holds the sum of a full buffer and a burst.
  localparam int unsigned CountBits = $clog2(Depth) + 2;

  logic [63:0]          host_addr_q;  // first line not asked for
  logic [23:0]          remaining_q;  // lines not asked for
  logic [CountBits-1:0] owed_q;       // lines asked for and not yet taken from the buffer
  logic [BURST_BITS:0]  to_end, burst_lines;
  logic                 room, ask, pop, buffer_valid, buffer_ready;

  assign to_end          = lines_to_burst_end(host_addr_q[LINE_OFFSET_BITS +: BURST_BITS]);
  assign burst_lines     = remaining_q < 24'(to_end) ? remaining_q[BURST_BITS:0] : to_end;
  assign room            = owed_q + CountBits'(burst_lines) <= CountBits'(Depth);
  assign ask             = remaining_q != '0 && room && !flush_i && (!burst_valid_o || burst_ready_i);
  assign request_ready_o = remaining_q == '0 && !flush_i;
  assign idle_o          = remaining_q == '0 && owed_q == '0 && !burst_valid_o;
  assign pop             = buffer_valid && buffer_ready;

  always_ff @(posedge clk_i) begin
    if (request_valid_i && request_ready_o) begin
      host_addr_q <= request_i.host_addr;
      remaining_q <= request_i.lines;
    end else if (flush_i) begin
      remaining_q <= '0;
    end else if (ask) begin
      host_addr_q <= host_addr_q + (64'(burst_lines) << LINE_OFFSET_BITS);
      remaining_q <= remaining_q - 24'(burst_lines);
    end
    if (ask) burst_o <= '{host_addr: host_addr_q, lines_less1: 8'(burst_lines) - 8'd1};
    if (ask) burst_valid_o <= 1'b1;
    else if (burst_ready_i) burst_valid_o <= 1'b0;
    owed_q <= owed_q + (ask ? CountBits'(burst_lines) : '0) - CountBits'(pop);
    if (rst_i) begin
      remaining_q   <= '0;
      burst_valid_o <= 1'b0;
      owed_q        <= '0;
    end
  end

  logic buffer_took, unused_last;
  logic [$clog2(Depth):0] unused_count;
  assign unused_last  = beat_i.last;
  assign line_valid_o = buffer_valid && !flush_i;
  assign buffer_ready = line_ready_i || flush_i;

  fifo_ram #(.Width($bits(fetched_line_t)), .Depth(Depth)) i_buffer (
    .clk_i,
    .rst_i,
    .data_valid_i(beat_valid_i),
    .data_ready_o(buffer_took),
    .data_i      ({beat_i.data, beat_i.error}),
    .data_valid_o(buffer_valid),
    .data_ready_i(buffer_ready),
    .data_o      (line_o),
    .count_o     (unused_count)
  );

  `ASSERT_HELD(BurstHeld, burst_valid_o, burst_ready_i, burst_o)
  `ASSERT_HELD_UNLESS(LineHeld, flush_i, line_valid_o, line_ready_i, line_o)
  `ASSERT_IF(RoomForEveryBeat, beat_valid_i, buffer_took)
  `ASSERT(OwesWhatFits, owed_q <= CountBits'(Depth))
  `ASSERT_IF(OwesWhatComes, beat_valid_i, owed_q != '0)
  `ASSERT_IF(EndsAtKiB, burst_valid_o,
      {1'b0, burst_o.host_addr[LINE_OFFSET_BITS +: 4]} + burst_o.lines_less1[4:0] < 5'(BURST_LINES_MAX))
  `ASSERT_NEXT(FlushUntilIdle, flush_i && !idle_o, flush_i)
endmodule
