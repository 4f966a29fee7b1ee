// SPDX-License-Identifier: Apache-2.0 OR MIT

/// The sum of the contributions of all lanes, 0..63 each.
///
/// One set per cycle, two cycles of latency: a tree of three-operand adders, two levels a cycle.
module support_sum import whorl_gen_pkg::*; (
  input  logic        clk_i,
  input  logic [1:0]  stage_valid_i, // of the two cycles: they only save power and simulation time
  input  logic [5:0]  contributions_i [LANES],
  output logic [11:0] sum_o
);
  localparam int unsigned Threes = LANES / 3;  // 16
  localparam int unsigned Nines  = Threes / 3; // 5, and one three left over
  if (LANES != 48) begin : gen_check_lanes
    $error("support_sum: the tree is laid out for 48 lanes");
  end

  logic [7:0]  threes [Threes];
  logic [9:0]  nines [Nines+1];
  logic [9:0]  nines_q [Nines+1];
  logic [11:0] halves [2];

  for (genvar t = 0; t < int'(Threes); t++) begin : gen_three
    add3 #(.Width(6)) i_add (
      .a_i(contributions_i[3*t]), .b_i(contributions_i[3*t+1]), .c_i(contributions_i[3*t+2]), .sum_o(threes[t])
    );
  end
  for (genvar n = 0; n < int'(Nines); n++) begin : gen_nine
    add3 #(.Width(8)) i_add (.a_i(threes[3*n]), .b_i(threes[3*n+1]), .c_i(threes[3*n+2]), .sum_o(nines[n]));
  end
  assign nines[Nines] = 10'(threes[Threes-1]);
  for (genvar h = 0; h < 2; h++) begin : gen_half
    add3 #(.Width(10)) i_add (.a_i(nines_q[3*h]), .b_i(nines_q[3*h+1]), .c_i(nines_q[3*h+2]), .sum_o(halves[h]));
  end

  always_ff @(posedge clk_i) begin
    if (stage_valid_i[0]) nines_q <= nines;
    if (stage_valid_i[1]) sum_o <= halves[0] + halves[1];
  end
endmodule
