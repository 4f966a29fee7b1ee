// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Bins of a number: each value of 0..Values-1 was there while valid.
module range_cover #(
  parameter int unsigned Values = 2
) (
  input logic        clk_i,
  input logic        rst_i,
  input logic        valid_i,
  input logic [31:0] value_i
);
  for (genvar v = 0; v < int'(Values); v++) begin : gen_value
    Seen: cover property (@(posedge clk_i) disable iff (rst_i) valid_i && value_i == 32'(v));
  end
endmodule
