// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Whether a signed byte lies in a window of 32: low_i <= value_i <= low_i + 31, as integers; low_i is -144..111.
///
/// One cycle of latency. The window covers the end of one block of 32 and the start of the next, so five bits need an
/// order and three an equality. With six-input LUTs and carry chains: three LUTs compare the low bits two by two,
/// a fourth turns the comparison over where the value is in the upper block, a fifth finds the blocks.
module reach_window (
  input  logic              clk_i,
  input  logic signed [7:0] value_i,
  input  logic signed [8:0] low_i,
  output logic              inside_o
);
`ifdef WHORL_XILINX
  logic [2:0] block;   // of the value
  logic [3:0] first;   // block in which the window begins
  logic [3:0] propagate, generated, sum, unused_carry;
  logic       in_blocks, wrapped, right_side_q, in_blocks_q, wrapped_q;

  assign block = value_i[7:5];
  assign first = low_i[8:5];

  // Low bits, value >= low. O6: the two bits are equal. O5: the value's are larger. Inputs low, value, low, value.
  for (genvar p = 0; p < 3; p++) begin : gen_pair
    LUT6_2 #(.INIT(64'h90099009_4F044F04)) i_lut (
      .O6(propagate[p]), .O5(generated[p]),
      .I0(low_i[2*p]),                   .I1(value_i[2*p]),
      .I2(p == 2 ? 1'b0 : low_i[2*p+1]), .I3(p == 2 ? 1'b0 : value_i[2*p+1]), .I4(1'b0), .I5(1'b1)
    );
  end
  // O6: upper block. O5: the blocks are equal modulo 8 only.
  LUT6_2 #(.INIT(64'h66666666_00000FF0)) i_side (
    .O6(propagate[3]), .O5(wrapped), .I0(block[0]), .I1(first[0]), .I2(block[2]), .I3(first[3]), .I4(first[2]), .I5(1'b1)
  );
  assign generated[3] = 1'b0;
  CARRY4 i_carry (.O(sum), .CO(unused_carry), .CI(1'b0), .CYINIT(1'b1), .DI(generated), .S(propagate));
  // The first block or the one above it, modulo 8.
  LUT6 #(.INIT(64'h81C06030180C0603)) i_blocks (
    .O(in_blocks), .I0(block[0]), .I1(block[1]), .I2(block[2]), .I3(first[0]), .I4(first[1]), .I5(first[2])
  );

  always_ff @(posedge clk_i) begin
    right_side_q <= sum[3];
    in_blocks_q  <= in_blocks;
    wrapped_q    <= wrapped;
  end
  assign inside_o = right_side_q && in_blocks_q && !wrapped_q;
`else
  always_ff @(posedge clk_i) inside_o <= 9'(value_i) >= low_i && 10'(value_i) < 10'(low_i) + 10'sd32;
`endif
endmodule
