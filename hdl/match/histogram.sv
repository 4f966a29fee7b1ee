// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Counts scores in HISTOGRAM_BINS bins; the last bin also takes all higher scores.
///
/// One score per cycle, also of one bin in a row. After reset it clears itself for HISTOGRAM_BINS cycles with ready low.
/// A bin is read with one cycle of latency, while no score comes in.
module histogram import whorl_gen_pkg::*; (
  input  logic        clk_i,
  input  logic        rst_i,
  // scores
  input  logic        score_valid_i,
  output logic        score_ready_o,
  input  logic [15:0] score_i,
  // reading
  input  logic [8:0]  read_bin_i,
  output logic [31:0] read_count_o
);
  localparam int unsigned BinWidth = $clog2(HISTOGRAM_BINS); // 9

  typedef logic [BinWidth-1:0] bin_t;

  logic        clearing_q;
  bin_t        clear_bin_q, bin, bin_q, written_bin_q;
  logic        accept, count_q, written_q;
  logic [31:0] stored, current, counted, written_count_q;

  localparam logic [15:0] BinsShifted = 16'(HISTOGRAM_BINS - 1);

  assign score_ready_o = !clearing_q;
  assign accept        = score_valid_i && score_ready_o;
  assign bin           = (score_i >> HISTOGRAM_SHIFT) > BinsShifted ? '1 : bin_t'(score_i >> HISTOGRAM_SHIFT);

  // The count that was written while this one was read is newer than what was read.
  assign current = written_q && written_bin_q == bin_q ? written_count_q : stored;
  assign counted = current + 1'b1;

  always_ff @(posedge clk_i) begin
    if (accept) bin_q <= bin;
    count_q   <= accept && !rst_i;
    written_q <= count_q;
    if (count_q) begin
      written_bin_q   <= bin_q;
      written_count_q <= counted;
    end
    if (clearing_q) begin
      clear_bin_q <= clear_bin_q + 1'b1;
      clearing_q  <= clear_bin_q != '1;
    end
    if (rst_i) begin
      clearing_q  <= 1'b1;
      clear_bin_q <= '0;
    end
  end

  ram_1w1r #(.ChunkWidth(32), .Depth(HISTOGRAM_BINS)) i_ram (
    .clk_i,
    .write_enable_i (clearing_q || count_q),
    .write_address_i(clearing_q ? clear_bin_q : bin_q),
    .write_data_i   (clearing_q ? '0 : counted),
    .read_enable_i  (1'b1),
    .read_address_i (accept ? bin : read_bin_i),
    .read_data_o    (stored)
  );
  assign read_count_o = stored;

  // A bin never loses: what is written next to the same bin is one more.
  `ASSERT_IF(SameBinTwiceCountsTwice, count_q && written_q && bin_q == written_bin_q, counted == written_count_q + 1'b1)
  `ASSERT_IF(ClearedBeforeUse, clearing_q, !count_q)
endmodule
