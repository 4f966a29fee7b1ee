// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Collects the scores of one engine: totals, histogram and the best `top_k` from the threshold on.
///
/// Known answers go into their count and signature only. One score per cycle; one that enters the heap blocks the next
/// that would for up to 18 cycles (see top_k). Cleared by reset, which takes HISTOGRAM_BINS cycles.
module collector import match_pkg::*; (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic [15:0] threshold_i,
  input  logic [8:0]  capacity_i,
  // records that the engine accepted, in the order of their scores
  input  logic        record_taken_i,     // pulse
  input  logic        known_answer_i,     // its score is known
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
  logic        reaches, accept, is_known, is_wanted, result_ready, histogram_ready, top_k_ready;
  logic [31:0] comparisons_q, passed_q;

  assign reaches            = comparison_i.score >= threshold_i;
  assign result_ready       = histogram_ready && (top_k_ready || !reaches);
  assign is_wanted          = comparison_valid_i && !is_known;
  assign comparison_ready_o = is_known || result_ready;
  assign accept             = is_wanted && result_ready;
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

  known_answers i_known_answers (
    .clk_i,
    .rst_i,
    .record_taken_i,
    .known_answer_i,
    .score_valid_i(comparison_valid_i),
    .is_known_o   (is_known),
    .score_ready_i(result_ready),
    .score_i      (comparison_i.score),
    .count_o      (collected_o.known_answers),
    .signature_o  (collected_o.signature)
  );

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
