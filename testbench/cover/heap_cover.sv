// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Bins of the heap of candidates: empty, filling, full, and equal scores in each.
module heap_cover import whorl_gen_pkg::*; (
  input logic        clk_i,
  input logic        rst_i,
  input logic [8:0]  capacity_i,
  input logic        comparison_valid_i,
  input logic        comparison_ready_i,
  input logic [15:0] score_i,
  input logic [8:0]  count_i
);
  logic        take, full, equal, best_equal;
  logic [15:0] before_q, best_q;

  assign take       = comparison_valid_i && comparison_ready_i;
  assign full       = count_i == capacity_i;
  assign equal      = count_i != '0 && score_i == before_q;
  // A heap of one holds the best.
  assign best_equal = count_i == 9'd1 && capacity_i == 9'd1 && score_i == best_q;

  always_ff @(posedge clk_i) begin
    if (take) begin
      before_q <= score_i;
      best_q   <= count_i == '0 || score_i > best_q ? score_i : best_q;
    end
  end

  IntoEmpty:      cover property (@(posedge clk_i) disable iff (rst_i) take && count_i == '0);
  LastFree:       cover property (@(posedge clk_i) disable iff (rst_i) take && count_i + 1'b1 == capacity_i);
  IntoFull:       cover property (@(posedge clk_i) disable iff (rst_i) take && full);
  FullOfOne:      cover property (@(posedge clk_i) disable iff (rst_i) take && full && capacity_i == 9'd1);
  FullOfMost:     cover property (@(posedge clk_i) disable iff (rst_i) take && full && capacity_i == 9'(TOP_K_MAX));
  TieFilling:     cover property (@(posedge clk_i) disable iff (rst_i) take && equal && !full);
  TieFull:        cover property (@(posedge clk_i) disable iff (rst_i) take && equal && full);
  TieWithTheOnly: cover property (@(posedge clk_i) disable iff (rst_i) take && best_equal);
  WaitsForWalk:   cover property (@(posedge clk_i) disable iff (rst_i) comparison_valid_i && !comparison_ready_i);
endmodule
