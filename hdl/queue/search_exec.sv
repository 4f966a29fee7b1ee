// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Executes SEARCH: checks the entry, clears the match array, streams the extents past it, writes the result blocks.
///
/// The first error, or an abort, stops the dealing and drops what is under way; after every end but success the
/// match array is cleared once more, so that nothing of this search is left in it. Results are written only by a search
/// whose extents all came in and were found right, and it succeeds only when the host has answered all writes.
/// A search past an engine whose probe lost a bit ends with PROBE_PARITY: its scores mean nothing.
module search_exec import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*, match_pkg::*; #(
  parameter int unsigned Streams = 1,
  parameter int unsigned Probes  = 1,
  parameter int unsigned Channels = 1,
  localparam int unsigned Clients = Streams + 1,  // descriptors, then one per stream
  localparam int unsigned Ports   = Channels == 0 ? 1 : Channels
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic               start_i,        // pulse
  input  sqe_search_t        sqe_i,          // stable from start_i to done_o
  input  logic               abort_i,
  output logic               done_o,         // pulse
  output outcome_t           outcome_o,
  input  logic [31:0]        memory_units_i [Ports],  // size of each channel, CHANNEL_UNIT_BYTES
  // clients of axi_read_port
  output logic [Clients-1:0] burst_valid_o,
  input  logic [Clients-1:0] burst_ready_i,
  output burst_t             burst_o [Clients],
  input  logic [Clients-1:0] beat_valid_i,
  input  read_beat_t         beat_i,                 // of the descriptors
  output memory_t            memory_o [Streams],     // whose port a stream reads
  input  read_beat_t         stream_beat_i [Streams],
  // client of axi_write_port
  output logic               result_burst_valid_o,
  input  logic               result_burst_ready_i,
  output burst_t             result_burst_o,
  output logic               result_beat_valid_o,
  input  logic               result_beat_ready_i,
  output write_beat_t        result_beat_o,
  input  logic               result_response_valid_i,
  input  logic               result_response_error_i,
  // match_array
  output search_config_t     search_config_o,
  output logic               match_start_o,
  input  logic               match_ready_i,
  output logic               match_active_o,
  input  logic               match_idle_i,
  input  logic [Streams-1:0][Probes-1:0] probe_parity_i, // an engine's probe lost a bit; held until match_start_o
  input  logic [Probes-1:0]  probe_loaded_i,
  output logic [Streams-1:0] line_valid_o,
  input  logic [Streams-1:0] line_ready_i,
  output gallery_line_t      line_o [Streams],
  input  logic [Streams-1:0] record_error_i,
  output logic               result_request_valid_o,
  input  logic               result_request_ready_i,
  output result_request_t    result_request_o,
  input  logic               result_line_valid_i,
  output logic               result_line_ready_o,
  input  result_line_t       result_line_i
);
  // The match array lowers ready and idle within this many cycles of a start or a line.
  localparam int unsigned SettleCycles = 4;

  typedef enum logic [3:0] {IDLE, CHECK, CLEAR, PREPARE, DEAL, RUN, RESULTS, FLUSH, CLEAN, CLEANED, DONE} state_e;

  state_e                          state_q;
  outcome_t                        outcome_q, stream_error, parity_error;
  status_e                         verdict;
  logic [$clog2(SettleCycles)-1:0] settle_q;
  logic                            settled, flush, failed, parity_failed;
  logic                            deal_idle, deal_error_valid, write_done, write_error;
  logic [63:0]                     write_error_addr;
  outcome_t                        deal_error;
  dealt_extent_t                   extent;
  logic [Streams-1:0]              extent_valid, extent_ready, feed_ready, feed_idle, feed_drained, feed_error_valid;
  outcome_t                        feed_error [Streams];

  search_check #(.Probes(Probes)) i_check (.sqe_i, .probe_loaded_i, .status_o(verdict));

  assign search_config_o = '{threshold: sqe_i.threshold, top_k: sqe_i.top_k[8:0],
      probe_mask: sqe_i.probe_mask[PROBES_MAX-1:0]};

  extent_deal #(.Streams(Streams), .Channels(Channels)) i_deal (
    .clk_i,
    .rst_i,
    .start_i       (state_q == DEAL),
    .host_addr_i   (sqe_i.extents_address),
    .count_i       (sqe_i.extent_count[23:0]),
    .flush_i       (flush),
    .idle_o        (deal_idle),
    .memory_units_i,
    .burst_valid_o (burst_valid_o[0]),
    .burst_ready_i (burst_ready_i[0]),
    .burst_o       (burst_o[0]),
    .beat_valid_i  (beat_valid_i[0]),
    .beat_i,
    .extent_valid_o(extent_valid),
    .extent_ready_i(extent_ready),
    .extent_o      (extent),
    .error_valid_o (deal_error_valid),
    .error_o       (deal_error)
  );

  // A stream that has seen a format error is still reading for the CRC; nothing new is begun meanwhile.
  assign extent_ready = record_error_i == '0 ? feed_ready : '0;

  for (genvar s = 0; s < Streams; s++) begin : gen_feed
    extent_feed i_feed (
      .clk_i,
      .rst_i,
      .clear_i       (match_start_o),
      .flush_i       (flush),
      .drained_o     (feed_drained[s]),
      .idle_o        (feed_idle[s]),
      .extent_valid_i(extent_valid[s]),
      .extent_ready_o(feed_ready[s]),
      .extent_i      (extent),
      .burst_valid_o (burst_valid_o[1+s]),
      .burst_ready_i (burst_ready_i[1+s]),
      .burst_o       (burst_o[1+s]),
      .memory_o      (memory_o[s]),
      .beat_valid_i  (beat_valid_i[1+s]),
      .beat_i        (stream_beat_i[s]),
      .line_valid_o  (line_valid_o[s]),
      .line_ready_i  (line_ready_i[s]),
      .line_o        (line_o[s]),
      .record_error_i(record_error_i[s]),
      .error_valid_o (feed_error_valid[s]),
      .error_o       (feed_error[s])
    );
  end

  result_write #(.Streams(Streams), .Probes(Probes)) i_write (
    .clk_i,
    .rst_i,
    .start_i         (state_q == RUN && settled && !failed),
    .stop_i          (abort_i),
    .probe_mask_i    (search_config_o.probe_mask),
    .host_addr_i     (sqe_i.result_address),
    .stride_i        (sqe_i.result_stride),
    .done_o          (write_done),
    .error_o         (write_error),
    .error_addr_o    (write_error_addr),
    .result_request_valid_o,
    .result_request_ready_i,
    .result_request_o,
    .result_line_valid_i,
    .result_line_ready_o,
    .result_line_i,
    .burst_valid_o   (result_burst_valid_o),
    .burst_ready_i   (result_burst_ready_i),
    .burst_o         (result_burst_o),
    .beat_valid_o    (result_beat_valid_o),
    .beat_ready_i    (result_beat_ready_i),
    .beat_o          (result_beat_o),
    .response_valid_i(result_response_valid_i),
    .response_error_i(result_response_error_i)
  );

  // The lowest stream's error, a descriptor's after those: its extent comes later in the list.
  always_comb begin
    stream_error = deal_error;
    for (int s = Streams - 1; s >= 0; s--) begin
      if (feed_error_valid[s]) stream_error = feed_error[s];
    end
  end
  // Of the engines that take part the lowest stream's lowest slot is named.
  always_comb begin
    parity_failed = 1'b0;
    parity_error  = '{status: STATUS_PROBE_PARITY, detail: '0, host_addr: '0};
    for (int s = Streams - 1; s >= 0; s--) begin
      for (int p = Probes - 1; p >= 0; p--) begin
        if (probe_parity_i[s][p] && search_config_o.probe_mask[p]) begin
          parity_failed       = 1'b1;
          parity_error.detail = {16'd0, 8'(s), 8'(p)};
        end
      end
    end
  end
  assign failed  = parity_failed || deal_error_valid || feed_error_valid != '0 || abort_i;
  assign flush   = state_q == FLUSH;
  assign settled = settle_q == '1;

  always_ff @(posedge clk_i) begin
    settle_q <= '0;
    unique case (state_q)
      IDLE: begin
        outcome_q <= '0;
        if (start_i) state_q <= CHECK;
      end
      CHECK: begin
        outcome_q.status <= verdict;
        state_q          <= verdict == STATUS_SUCCESS ? CLEAR : DONE;
      end
      CLEAR: state_q <= PREPARE;
      PREPARE: begin
        if (!settled) settle_q <= settle_q + 1'b1;
        else settle_q <= settle_q;
        if (settled && match_ready_i) state_q <= DEAL;
      end
      DEAL: state_q <= RUN;
      RUN: begin
        if (deal_idle && feed_idle == '1 && match_idle_i) settle_q <= settle_q + 1'b1;
        if (failed) begin
          if (deal_error_valid || feed_error_valid != '0) outcome_q <= stream_error;
          else if (parity_failed) outcome_q <= parity_error;
          else outcome_q.status <= STATUS_ABORTED;
          state_q <= FLUSH;
        end else if (settled) state_q <= RESULTS;
      end
      RESULTS: if (write_done) begin
        if (abort_i) outcome_q.status <= STATUS_ABORTED;
        if (write_error) outcome_q <= '{status: STATUS_DMA_WRITE_ERROR, detail: '0, host_addr: write_error_addr};
        state_q <= abort_i || write_error ? FLUSH : DONE;
      end
      FLUSH: if (deal_idle && feed_drained == '1) state_q <= CLEAN;
      CLEAN: state_q <= CLEANED;
      CLEANED: begin
        if (!settled) settle_q <= settle_q + 1'b1;
        else settle_q <= settle_q;
        if (settled && match_ready_i) state_q <= DONE;
      end
      default: state_q <= IDLE;  // DONE
    endcase
    if (rst_i) state_q <= IDLE;
  end

  assign match_start_o  = state_q == CLEAR || state_q == CLEAN;
  assign match_active_o = state_q == RUN;
  assign done_o         = state_q == DONE;
  assign outcome_o      = outcome_q;

  `ASSERT_NEXT(NoLinesOutsideARun, state_q != RUN && line_valid_o == '0, line_valid_o == '0)
  `ASSERT_IF(QuietAtTheEnd, done_o, deal_idle && feed_drained == '1)
  `ASSERT_IF(ResultsOfSoundSearchesOnly, state_q == RESULTS, feed_error_valid == '0 && record_error_i == '0)
endmodule
