// SPDX-License-Identifier: Apache-2.0 OR MIT

/// extent_deal: the extents come out in the list's order, as the descriptors say, none twice and none left out; an
/// unsound descriptor or one that could not be read is never dealt and ends the dealing; a flush ends it as well.
module extent_deal_formal import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*; #(
  parameter int unsigned Streams = 2
) (
  input logic               clk_i,
  input logic               rst_i,
  input logic               start_i,
  input logic [63:0]        host_addr_i,
  input logic [23:0]        count_i,
  input logic               flush_i,
  input logic [31:0]        memory_units_i [1],
  input logic               burst_ready_i,
  input logic               beat_valid_i,
  input read_beat_t         beat_i,
  input logic [Streams-1:0] extent_ready_i,
  input logic [4:0]         mark_i           // number of the descriptor that is followed
);
  logic               idle, burst_valid, error_valid;
  burst_t             burst;
  logic [Streams-1:0] extent_valid;
  dealt_extent_t      extent;
  outcome_t           error;
  logic               first_q = 1'b1;

  extent_deal #(.Streams(Streams)) i_dut (
    .clk_i, .rst_i, .start_i, .host_addr_i, .count_i, .flush_i, .idle_o(idle), .memory_units_i,
    .burst_valid_o(burst_valid), .burst_ready_i, .burst_o(burst), .beat_valid_i, .beat_i,
    .extent_valid_o(extent_valid), .extent_ready_i, .extent_o(extent), .error_valid_o(error_valid), .error_o(error)
  );

  logic        clean_q;    // started and not flushed since
  logic [7:0]  owed_q;     // beats that the bus owes
  logic [23:0] listed_q, arrived_q, dealt_q;
  logic        marked_q;   // the marked descriptor arrived
  read_beat_t  marked_beat_q;
  extent_t     marked;
  logic        flush_q, idle_q;
  logic [63:0] host_addr_q;
  logic [23:0] count_q;
  logic [4:0]  mark_q;

  assign marked = marked_beat_q.data;

  always_ff @(posedge clk_i) first_q <= 1'b0;

  always_comb begin
    assume (!first_q || rst_i);
    assume (!start_i || (idle && !flush_i));
    assume (count_i != '0 && host_addr_i[LINE_OFFSET_BITS-1:0] == '0);
    assume (first_q || mark_i == mark_q);
    // The command stays while it is worked on, and so does a flush until it has taken effect.
    assume (idle_q || (host_addr_i == host_addr_q && count_i == count_q));
    assume (!(flush_q && !idle_q) || flush_i);
    assume (!beat_valid_i || owed_q != '0);
  end

  always_ff @(posedge clk_i) begin
    flush_q     <= flush_i && !rst_i;
    // The cycle after start is the first that is not idle.
    idle_q      <= (idle && !start_i) || rst_i;
    host_addr_q <= host_addr_i;
    count_q     <= count_i;
    mark_q      <= mark_i;
    owed_q      <= owed_q + (burst_valid && burst_ready_i ? burst.lines_less1 + 8'd1 : '0) - 8'(beat_valid_i);
    if (beat_valid_i) arrived_q <= arrived_q + 24'd1;
    if (beat_valid_i && arrived_q == 24'(mark_i)) begin
      marked_q      <= 1'b1;
      marked_beat_q <= beat_i;
    end
    if (extent_valid != '0) dealt_q <= dealt_q + 24'd1;
    if (flush_i) clean_q <= 1'b0;
    if (start_i || rst_i) begin
      clean_q   <= start_i && !rst_i;
      listed_q  <= count_i;
      arrived_q <= '0;
      dealt_q   <= '0;
      marked_q  <= 1'b0;
    end
    if (rst_i) owed_q <= '0;
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    DealsInOrder: assert (!(clean_q && extent_valid != '0) || (extent.index == 32'(dealt_q) && dealt_q < listed_q));
    DealsAfterArrival: assert (!(clean_q && extent_valid != '0) || dealt_q < arrived_q);
    DealsAll: assert (!(clean_q && idle && !error_valid) || dealt_q == listed_q);
    NothingAfterAFlush: assert (!flush_q || extent_valid == '0);
    NothingBehindAnError: assert (!$past(error_valid && !start_i && !rst_i && extent_valid != '0) || extent_valid == '0);
    if (clean_q && extent_valid != '0 && extent.index == 32'(mark_i)) begin
      DealsWhatTheListSays: assert (marked_q && extent.host_addr == marked.address && extent.lines == marked.lines[23:0]
          && extent.records == marked.records && extent.base_index == marked.base_index
          && extent.crc32c == marked.crc32c && extent.known_answer == marked.known_answer);
      DealsSound: assert (!marked_beat_q.error && marked.address[LINE_OFFSET_BITS-1:0] == '0 && marked.lines != '0
          && marked.lines <= EXTENT_LINES_MAX && marked.memory <= 8'd1);
    end
    ErrorNamesItsDescriptor: assert (!(clean_q && error_valid && error.status == STATUS_DMA_READ_ERROR)
        || error.detail < 32'(arrived_q));
    Dealt: cover (clean_q && idle && !error_valid && dealt_q == 24'd2);
    Failed: cover (clean_q && error_valid && dealt_q == 24'd1);
  end
endmodule
