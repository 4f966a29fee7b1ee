// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Collects the scores of one engine: totals, histogram and the best `top_k` from the threshold on.
///
/// One score per cycle; one that enters the heap blocks the next that would for up to 18 cycles (see top_k).
/// Cleared by reset, which takes HISTOGRAM_BINS cycles.
module collector import match_pkg::*; (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [15:0] threshold_i,
  input  logic [8:0]  capacity_i,
  // scores
  input  logic        comparison_valid_i,
  output logic        comparison_ready_o,
  input  comparison_t comparison_i,
  output logic        candidate_o,        // a score that reached the threshold was taken
  // reading, one cycle of latency, while idle
  input  logic [8:0]  read_index_i,
  output collected_t  collected_o,
  output logic        cleared_o,
  output logic        idle_o
);
  logic        reaches, accept, histogram_ready, top_k_ready;
  logic [31:0] comparisons_q, passed_q;

  assign reaches            = comparison_i.score >= threshold_i;
  assign comparison_ready_o = histogram_ready && (top_k_ready || !reaches);
  assign accept             = comparison_valid_i && comparison_ready_o;
  assign candidate_o        = accept && reaches;
  assign cleared_o          = histogram_ready;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      comparisons_q <= '0;
      passed_q      <= '0;
    end else if (accept) begin
      comparisons_q <= comparisons_q + 1'b1;
      passed_q      <= passed_q + 32'(reaches);
    end
  end
  assign collected_o.comparisons = comparisons_q;
  assign collected_o.passed      = passed_q;

  histogram i_histogram (
    .clk_i,
    .rst_i,
    .score_valid_i(accept),
    .score_ready_o(histogram_ready),
    .score_i      (comparison_i.score),
    .read_bin_i   (read_index_i),
    .read_count_o (collected_o.bin)
  );

  top_k i_top_k (
    .clk_i,
    .rst_i,
    .capacity_i,
    .comparison_valid_i(candidate_o),
    .comparison_ready_o(top_k_ready),
    .comparison_i,
    .idle_o,
    .count_o           (collected_o.candidates),
    .read_entry_i      (read_index_i[7:0]),
    .read_comparison_o (collected_o.entry)
  );

  `ASSERT(CandidatesPassed, 32'(collected_o.candidates) <= passed_q)
  `ASSERT(PassedWereCompared, passed_q <= comparisons_q)
endmodule
