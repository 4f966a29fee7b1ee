// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Streams dealt extents from any memory to one record stream, and takes the CRC-32C of each.
///
/// One line per cycle. The next extent is accepted when the last burst of this one is asked for, so memory
/// latency is hidden between extents too. An extent in another memory than the last is accepted only when all lines
/// asked for have come: so lines stay in order, and what the buffer holds hides that latency. After an extent's last line the feed pauses SettleCycles, in which
/// its CRC is compared and the record stream can report a format error: so an error is that of the
/// extent in hand. A format error is reported after the CRC of the whole extent, because damage explains it.
/// After an error nothing more is offered until `flush_i` and `clear_i`.
module extent_feed import whorl_gen_pkg::*, dma_pkg::*, queue_pkg::*, match_pkg::*; #(
  parameter int unsigned Depth = 256  // lines under way, see line_fetch
) (
  input  logic          clk_i,
  input  logic          rst_i,
  input  logic          clear_i,        // pulse: the record stream forgets its lines; nothing is under way
  input  logic          flush_i,        // drop everything; stays high until drained_o
  output logic          drained_o,      // nothing under way
  output logic          idle_o,         // every extent was streamed and found right
  // extents
  input  logic          extent_valid_i,
  output logic          extent_ready_o,
  input  dealt_extent_t extent_i,
  // client of axi_read_port
  output logic          burst_valid_o,
  input  logic          burst_ready_i,
  output burst_t        burst_o,
  output memory_t       memory_o,       // whose port
  input  logic          beat_valid_i,
  input  read_beat_t    beat_i,
  // record stream
  output logic          line_valid_o,
  input  logic          line_ready_i,
  output gallery_line_t line_o,
  input  logic          record_error_i, // sticky
  // first error
  output logic          error_valid_o,  // until clear_i
  output outcome_t      error_o
);
  // Lines are checked by the record stream within a few cycles of their acceptance.
  localparam int unsigned SettleCycles = 8;
  // Extents between the first burst asked for and the last line checked.
  localparam int unsigned ExtentsHeld = 8;

  typedef enum logic [1:0] {WAIT, STREAM, SETTLE, FAILED} state_e;

  state_e                          state_q;
  logic [23:0]                     line_index_q;   // lines of the extent taken
  logic [$clog2(SettleCycles)-1:0] settle_q;
  logic                            format_error_q;
  dealt_extent_t                   extent;         // in hand
  logic                            extent_held, extent_done, held_ready, request_ready, fetch_idle;
  logic                            fetched_valid, fetched_ready, take, last;
  fetched_line_t                   fetched;
  fetch_request_t                  request;
  logic [31:0]                     crc;
  logic [$clog2(ExtentsHeld):0]    unused_count;
  logic [$clog2(Depth):0]          under_way_q;    // lines asked of memory_o that have not come
  logic                            reachable;

  assign reachable      = extent_i.memory == memory_o || (under_way_q == '0 && !burst_valid_o);
  assign extent_ready_o = request_ready && held_ready && reachable;
  assign request        = '{host_addr: extent_i.host_addr, lines: extent_i.lines};

  fifo #(.Width($bits(dealt_extent_t)), .Depth(ExtentsHeld)) i_extents (
    .clk_i,
    .rst_i,
    .data_valid_i(extent_valid_i && request_ready && reachable),
    .data_ready_o(held_ready),
    .data_i      (extent_i),
    .data_valid_o(extent_held),
    .data_ready_i(extent_done || flush_i),
    .data_o      (extent),
    .count_o     (unused_count)
  );

  line_fetch #(.Depth(Depth)) i_fetch (
    .clk_i,
    .rst_i,
    .flush_i,
    .idle_o         (fetch_idle),
    .request_valid_i(extent_valid_i && held_ready && reachable),
    .request_ready_o(request_ready),
    .request_i      (request),
    .burst_valid_o,
    .burst_ready_i,
    .burst_o,
    .beat_valid_i,
    .beat_i,
    .line_valid_o   (fetched_valid),
    .line_ready_i   (fetched_ready),
    .line_o         (fetched)
  );

  crc32c i_crc (
    .clk_i,
    .rst_i,
    .clear_i     (state_q == WAIT),
    .line_valid_i(take && !fetched.error),
    .line_i      (fetched.data),
    .crc_o       (crc)
  );

  // After a format error lines are read for their CRC only.
  assign fetched_ready = state_q == STREAM && (!line_valid_o || line_ready_i || format_error_q);
  assign take          = fetched_valid && fetched_ready;
  assign last          = line_index_q == extent.lines - 24'd1;
  assign extent_done   = state_q == SETTLE && settle_q == '1 && crc == extent.crc32c && !format_error_q;

  always_ff @(posedge clk_i) begin
    if (line_ready_i) line_valid_o <= 1'b0;
    if (record_error_i) format_error_q <= 1'b1;
    unique case (state_q)
      WAIT: begin
        line_index_q <= '0;
        if (extent_held && !flush_i) state_q <= STREAM;
      end
      STREAM: begin
        settle_q <= '0;
        if (take) begin
          line_index_q <= line_index_q + 24'd1;
          if (fetched.error) state_q <= FAILED;
          else if (last) state_q <= SETTLE;
          if (!fetched.error && !format_error_q) begin
            line_valid_o <= 1'b1;
            line_o       <= '{data: fetched.data, first: line_index_q == '0, last: last,
                base_index: extent.base_index, records: extent.records, known_answer: extent.known_answer};
          end
        end
      end
      SETTLE: begin
        if (!line_valid_o || format_error_q) settle_q <= settle_q + 1'b1;
        if (settle_q == '1) state_q <= extent_done ? WAIT : FAILED;
      end
      default: ;  // FAILED
    endcase
    if (flush_i) state_q <= WAIT;
    if (rst_i || clear_i) begin
      state_q        <= WAIT;
      line_valid_o   <= 1'b0;
      format_error_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == STREAM && take && fetched.error) begin
      error_valid_o <= 1'b1;
      error_o       <= '{status: STATUS_DMA_READ_ERROR, detail: extent.index,
          host_addr: extent.host_addr + (64'(line_index_q) << LINE_OFFSET_BITS)};
    end else if (state_q == SETTLE && settle_q == '1 && !extent_done) begin
      error_valid_o <= 1'b1;
      error_o       <= '{status: crc != extent.crc32c ? STATUS_CRC_MISMATCH : STATUS_RECORD_FORMAT,
          detail: extent.index, host_addr: extent.host_addr};
    end
    if (rst_i || clear_i) error_valid_o <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (extent_valid_i && extent_ready_o) memory_o <= extent_i.memory;
    under_way_q <= under_way_q + (burst_valid_o && burst_ready_i ? ($clog2(Depth) + 1)'(burst_o.lines_less1) + 1'b1 : '0)
        - ($clog2(Depth) + 1)'(beat_valid_i);
    if (rst_i) begin
      memory_o    <= '0;
      under_way_q <= '0;
    end
  end

  assign drained_o = fetch_idle && !extent_held;
  assign idle_o    = drained_o && state_q == WAIT && !line_valid_o;

  `ASSERT_HELD(LineHeld, line_valid_o, line_ready_i || clear_i, line_o)
  `ASSERT_IF(ClearedWhenDrained, clear_i, drained_o)
  `ASSERT_HELD(ErrorKept, error_valid_o, clear_i, error_o)
  `ASSERT_NEXT(NothingAfterAnError, error_valid_o && !line_valid_o, !line_valid_o)
  `ASSERT_STABLE(OneMemoryAtATime, under_way_q != '0 || burst_valid_o, memory_o)
  `ASSERT_IF(ErrorIsOne, error_valid_o, error_o.status != STATUS_SUCCESS)
endmodule
