// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Reads the extent descriptors of a search, checks them and deals the extents to the streams.
///
/// Descriptors are read ahead. An extent goes, in list order, to the next stream in turn among those that are
/// ready; it is offered only where it is taken at once. A known-answer extent goes to all streams together, when all
/// are ready. One extent per two cycles. The first descriptor that is
/// wrong or cannot be read ends the dealing and is reported.
module extent_deal import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*; #(
  parameter int unsigned Streams  = 1,
  parameter int unsigned Channels = 1,
  localparam int unsigned Ports   = Channels == 0 ? 1 : Channels
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic               start_i,        // pulse, while idle
  input  logic [63:0]        host_addr_i,    // of the descriptors
  input  logic [23:0]        count_i,        // 1 or more
  input  logic               flush_i,        // drop everything; stays high until idle_o
  output logic               idle_o,         // all dealt, or dropped
  input  logic [31:0]        memory_units_i [Ports],  // size of each channel, CHANNEL_UNIT_BYTES
  // client of axi_read_port
  output logic               burst_valid_o,
  input  logic               burst_ready_i,
  output burst_t             burst_o,
  input  logic               beat_valid_i,
  input  read_beat_t         beat_i,
  // streams
  output logic [Streams-1:0] extent_valid_o,
  input  logic [Streams-1:0] extent_ready_i,
  output dealt_extent_t      extent_o,
  // first error
  output logic               error_valid_o,  // until start_i
  output outcome_t           error_o
);
  localparam int unsigned DescriptorsAhead = BURST_LINES_MAX;

  logic               requesting_q, fetch_idle, request_ready;
  logic               line_valid, line_ready, valid_q, descriptor_valid;
  fetched_line_t      line;
  extent_t            descriptor;
  logic [23:0]        index_q;     // of the descriptor at hand
  logic [Streams-1:0] grant;
  outcome_t           error;
  logic               failed, range_valid;

  line_fetch #(.Depth(DescriptorsAhead)) i_fetch (
    .clk_i,
    .rst_i,
    .flush_i,
    .idle_o         (fetch_idle),
    .request_valid_i(requesting_q),
    .request_ready_o(request_ready),
    .request_i      ('{host_addr: host_addr_i, lines: count_i}),
    .burst_valid_o,
    .burst_ready_i,
    .burst_o,
    .beat_valid_i,
    .beat_i,
    .line_valid_o   (line_valid),
    .line_ready_i   (line_ready),
    .line_o         (line)
  );

  memory_range #(.Channels(Channels)) i_range (
    .memory_units_i,
    .memory_i   (descriptor.memory),
    .host_addr_i(descriptor.address),
    .lines_i    (descriptor.lines[23:0]),
    .valid_o    (range_valid)
  );

  assign descriptor       = line.data;
  assign descriptor_valid = descriptor.address[LINE_OFFSET_BITS-1:0] == '0 && descriptor.reserved_flags == '0
      && descriptor.lines != '0 && descriptor.lines <= EXTENT_LINES_MAX;
  assign failed           = line_valid && line_ready && (line.error || !descriptor_valid || !range_valid);
  assign line_ready       = !valid_q && !error_valid_o;

  always_comb begin
    error = '{status: STATUS_INVALID_FIELD, detail: '0, host_addr: host_addr_i + (64'(index_q) << LINE_OFFSET_BITS)};
    if (line.error) begin
      error.status = STATUS_DMA_READ_ERROR;
      error.detail = 32'(index_q);
    end else if (descriptor_valid) begin
      error = '{status: STATUS_ADDRESS_RANGE, detail: 32'(index_q), host_addr: descriptor.address};
    end
  end

  rr_arbiter #(.Requesters(Streams)) i_turns (
    .clk_i,
    .rst_i,
    .request_i(extent_ready_i),
    .advance_i(valid_q && !extent_o.known_answer),
    .grant_o  (grant)
  );

  always_comb begin
    extent_valid_o = '0;
    if (valid_q && !extent_o.known_answer) extent_valid_o = grant;
    if (valid_q && extent_o.known_answer && extent_ready_i == '1) extent_valid_o = '1;
  end

  always_ff @(posedge clk_i) begin
    if (start_i) requesting_q <= 1'b1;
    else if (request_ready || flush_i) requesting_q <= 1'b0;
    if (line_valid && line_ready) begin
      index_q  <= index_q + 24'd1;
      extent_o <= '{host_addr: descriptor.address, memory: memory_t'(descriptor.memory), lines: descriptor.lines[23:0],
          records: descriptor.records, base_index: descriptor.base_index, crc32c: descriptor.crc32c, index: 32'(index_q),
          known_answer: descriptor.known_answer};
    end
    if (flush_i) valid_q <= 1'b0;
    else if (line_valid && line_ready && !failed) valid_q <= 1'b1;
    else if (extent_valid_o != '0) valid_q <= 1'b0;
    if (failed) begin
      error_valid_o <= 1'b1;
      error_o       <= error;
    end
    if (start_i) begin
      index_q       <= '0;
      error_valid_o <= 1'b0;
    end
    if (rst_i) begin
      requesting_q  <= 1'b0;
      valid_q       <= 1'b0;
      error_valid_o <= 1'b0;
    end
  end

  assign idle_o = !requesting_q && fetch_idle && !valid_q;

  `ASSERT(DealsToReadyStreams, (extent_valid_o & ~extent_ready_i) == '0)
  `ASSERT(DealsToOneOrAll, extent_o.known_answer ? extent_valid_o == '0 || extent_valid_o == '1 : $onehot0(extent_valid_o))
  `ASSERT_IF(DealsSoundExtents, extent_valid_o != '0,
      extent_o.lines != '0 && extent_o.host_addr[LINE_OFFSET_BITS-1:0] == '0)
  `ASSERT_IF(StartsIdle, start_i, idle_o && !flush_i)
endmodule
