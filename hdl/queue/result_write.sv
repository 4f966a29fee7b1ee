// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Writes the result blocks of a search: reads one after another from the match array and sends it to host memory.
///
/// The block of stream s and probe p lies at s * Probes + p strides. Lines are collected into bursts that end at
/// multiples of 1 KiB, so a granted burst never waits for the match array. A burst is followed by the next without
/// waiting; `done_o` comes when the host has answered all of them.
module result_write import whorl_gen_pkg::*, dma_pkg::*, match_pkg::*; #(
  parameter int unsigned Streams = 1,
  parameter int unsigned Probes  = 1
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic                  start_i,          // pulse
  input  logic                  stop_i,           // end after the block in hand
  input  logic [PROBES_MAX-1:0] probe_mask_i,     // stable from start_i to done_o, as are the following
  input  logic [63:0]           host_addr_i,
  input  logic [31:0]           stride_i,         // bytes
  output logic                  done_o,           // pulse
  output logic                  error_o,          // with done_o: a burst was answered with an error
  output logic [63:0]           error_addr_o,     // the block that was being sent when the first came
  // match_array
  output logic                  result_request_valid_o,
  input  logic                  result_request_ready_i,
  output result_request_t       result_request_o,
  input  logic                  result_line_valid_i,
  output logic                  result_line_ready_o,
  input  result_line_t          result_line_i,
  // client of axi_write_port
  output logic                  burst_valid_o,
  input  logic                  burst_ready_i,
  output burst_t                burst_o,
  output logic                  beat_valid_o,
  input  logic                  beat_ready_i,
  output write_beat_t           beat_o,
  input  logic                  response_valid_i,
  input  logic                  response_error_i
);
  // Bursts in flight: those of the largest block twice over; more would gain nothing.
  localparam int unsigned InFlightBits = $clog2(WRITES_IN_FLIGHT_MAX + 1);

  typedef enum logic [2:0] {IDLE, NEXT, REQUEST, COLLECT, ASK, SEND, DRAIN, DONE} state_e;

  state_e                  state_q;
  logic [7:0]              stream_q, probe_q;
  logic [63:0]             block_addr_q, host_addr_q;  // block in hand; first line not sent
  logic [BURST_BITS:0]     collected_q, sent_q;        // lines of the burst
  logic                    block_end_q;                // the burst holds the block's last line
  logic [InFlightBits-1:0] in_flight_q;
  logic                    collect, ended, past_block, wanted;
  logic                    buffer_ready, buffer_valid;
  logic [BURST_BITS:0]     unused_count;

  assign wanted     = probe_mask_i[probe_q[$clog2(PROBES_MAX)-1:0]];
  assign past_block = (state_q == NEXT && !wanted) || (state_q == SEND && ended && block_end_q);
  assign collect    = result_line_valid_i && result_line_ready_o;
  assign ended      = beat_valid_o && beat_ready_i && beat_o.last;

  assign result_request_valid_o = state_q == REQUEST;
  assign result_request_o       = '{stream: stream_q, probe: probe_q};
  assign result_line_ready_o    = state_q == COLLECT && buffer_ready;

  fifo #(.Width($bits(line_data_t)), .Depth(BURST_LINES_MAX)) i_buffer (
    .clk_i,
    .rst_i,
    .data_valid_i(collect),
    .data_ready_o(buffer_ready),
    .data_i      (result_line_i.data),
    .data_valid_o(buffer_valid),
    .data_ready_i(state_q == SEND && beat_ready_i),
    .data_o      (beat_o.data),
    .count_o     (unused_count)
  );

  assign burst_valid_o = state_q == ASK;
  assign burst_o       = '{host_addr: host_addr_q, lines_less1: 8'(collected_q) - 8'd1};
  assign beat_valid_o  = state_q == SEND && buffer_valid;
  assign beat_o.strobe = '1;
  assign beat_o.last   = sent_q == collected_q - 1'b1;

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      IDLE: begin
        stream_q     <= '0;
        probe_q      <= '0;
        block_addr_q <= host_addr_i;
        error_o      <= 1'b0;
        if (start_i) state_q <= NEXT;
      end
      NEXT: begin
        collected_q <= '0;
        host_addr_q <= block_addr_q;
        if (stream_q == 8'(Streams) || stop_i) state_q <= DRAIN;
        else if (wanted) state_q <= REQUEST;
      end
      REQUEST: if (result_request_ready_i) state_q <= COLLECT;
      COLLECT: begin
        sent_q <= '0;
        if (collect) begin
          collected_q <= collected_q + 1'b1;
          block_end_q <= result_line_i.last;
          if (result_line_i.last || collected_q + 1'b1 == lines_to_burst_end(host_addr_q[LINE_OFFSET_BITS +: BURST_BITS])) begin
            state_q <= ASK;
          end
        end
      end
      ASK: if (burst_ready_i) state_q <= SEND;
      SEND: begin
        if (beat_valid_o && beat_ready_i) begin
          sent_q      <= sent_q + 1'b1;
          host_addr_q <= host_addr_q + 64'(LINE_BYTES);
        end
        if (ended) begin
          collected_q <= '0;
          state_q     <= block_end_q ? NEXT : COLLECT;
        end
      end
      DRAIN: if (in_flight_q == '0) state_q <= DONE;
      default: state_q <= IDLE;  // DONE
    endcase
    if (past_block) begin
      block_addr_q <= block_addr_q + 64'(stride_i);
      probe_q      <= probe_q == 8'(Probes - 1) ? '0 : probe_q + 8'd1;
      if (probe_q == 8'(Probes - 1)) stream_q <= stream_q + 8'd1;
    end
    if (response_valid_i && response_error_i && !error_o) begin
      error_o      <= 1'b1;
      error_addr_o <= block_addr_q;
    end
    in_flight_q <= in_flight_q + InFlightBits'(burst_valid_o && burst_ready_i) - InFlightBits'(response_valid_i);
    if (rst_i) begin
      state_q     <= IDLE;
      in_flight_q <= '0;
    end
  end

  assign done_o = state_q == DONE;

  `ASSERT_HELD(RequestHeld, result_request_valid_o, result_request_ready_i, result_request_o)
  `ASSERT_HELD(BurstHeld, burst_valid_o, burst_ready_i, burst_o)
  `ASSERT_HELD(BeatHeld, beat_valid_o, beat_ready_i, beat_o)
  `ASSERT_IF(BeatsWaitForNobody, state_q == SEND, buffer_valid)
  `ASSERT_IF(EverythingAnswered, done_o, in_flight_q == '0 && !buffer_valid)
  `ASSERT_IF(WantedBlocksOnly, result_request_valid_o, wanted && stream_q < 8'(Streams) && probe_q < 8'(Probes))
endmodule
