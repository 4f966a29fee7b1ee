// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Makes the comparison score of a record's best support (MATCHER 3, Score).
///
/// One record per cycle, three cycles of latency: two multiplications and the saturation.
module score import whorl_gen_pkg::*, match_pkg::*; (
  input  logic              clk_i,
  input  logic              rst_i,
  input  lane_t             probe_count_i, // probe minutiae
  // records in
  input  logic              supported_valid_i,
  input  supported_record_t supported_i,
  // scores out
  output logic              comparison_valid_o,
  output comparison_t       comparison_o
);
  // KN of MATCHER 3 by number of minutiae.
  localparam logic [8:0] NORMALISATION [RECORD_MINUTIAE_MAX+1] = '{
    9'd446, 9'd446, 9'd446, 9'd446, 9'd446, 9'd446, 9'd446, 9'd446, 9'd446, 9'd425, 9'd408, 9'd392, 9'd379, 9'd367,
    9'd356, 9'd347, 9'd338, 9'd330, 9'd322, 9'd315, 9'd309, 9'd303, 9'd297, 9'd292, 9'd287, 9'd283, 9'd278, 9'd274,
    9'd270, 9'd266, 9'd263, 9'd259, 9'd256, 9'd253, 9'd250, 9'd247, 9'd244, 9'd242, 9'd239, 9'd237, 9'd234, 9'd232,
    9'd230, 9'd227, 9'd225, 9'd223, 9'd221, 9'd220, 9'd218, 9'd216, 9'd214, 9'd212, 9'd211, 9'd209, 9'd208, 9'd206,
    9'd205, 9'd203, 9'd202, 9'd200, 9'd199, 9'd198, 9'd196, 9'd195, 9'd194, 9'd193, 9'd192, 9'd190, 9'd189, 9'd188,
    9'd187, 9'd186, 9'd185, 9'd184, 9'd183, 9'd182, 9'd181, 9'd180, 9'd179, 9'd178, 9'd177, 9'd177, 9'd176, 9'd175,
    9'd174, 9'd173, 9'd172, 9'd172, 9'd171, 9'd170, 9'd169, 9'd169, 9'd168, 9'd167, 9'd166, 9'd166, 9'd165
  };

  logic [1:0]  valid_q;
  logic [31:0] index_q [2];
  logic [20:0] by_gallery_q;
  logic [8:0]  probe_factor_q;
  logic [29:0] product_q;

  always_ff @(posedge clk_i) begin
    probe_factor_q <= NORMALISATION[count_t'(probe_count_i)];
    if (supported_valid_i) begin
      by_gallery_q <= 21'(supported_i.best) * 21'(NORMALISATION[supported_i.count]);
      index_q[0]   <= supported_i.index;
    end
    if (valid_q[0]) begin
      product_q  <= 30'(by_gallery_q) * 30'(probe_factor_q);
      index_q[1] <= index_q[0];
    end
    if (valid_q[1]) begin
      comparison_o.score <= product_q[29:28] != '0 ? '1 : product_q[27:12];
      comparison_o.index <= index_q[1];
    end
    if (rst_i) {comparison_valid_o, valid_q} <= '0;
    else {comparison_valid_o, valid_q} <= {valid_q, supported_valid_i};
  end

  // No support, no score: this also covers an empty record and an empty probe.
  `ASSERT_AFTER(NothingScoresNothing, 3, supported_valid_i && supported_i.best == '0, comparison_valid_o && comparison_o.score == '0)
endmodule
