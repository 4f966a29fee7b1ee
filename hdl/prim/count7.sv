// SPDX-License-Identifier: Apache-2.0 OR MIT

/// How many of seven bits are set; combinational.
///
/// In LUTs and a carry chain: two LUTs instead of three, for the chain counts the seventh bit and the pairs.
module count7 (
  input  logic [6:0] bits_i,
  output logic [2:0] count_o
);
`ifdef WHORL_XILINX
  // Sum of bits 5..0 and the carry-in (bit 6): their parity leaves the first stage. Its carry is bit 5 where bits 5..0
  // are even, so what is left for the second stage is half of bits 4..0, rounded down: 0, 1 or 2.
  logic [3:0] carry;
  logic [1:0] sum, unused_sum;
  logic       odd, one, two;

  LUT6   #(.INIT(64'h6996966996696996)) i_odd (
    .O(odd), .I0(bits_i[0]), .I1(bits_i[1]), .I2(bits_i[2]), .I3(bits_i[3]), .I4(bits_i[4]), .I5(bits_i[5])
  );
  // O6: two or three of five are set. O5: four or five.
  LUT6_2 #(.INIT(64'h177E7EE8_E8808000)) i_half (
    .O6(one), .O5(two), .I0(bits_i[0]), .I1(bits_i[1]), .I2(bits_i[2]), .I3(bits_i[3]), .I4(bits_i[4]), .I5(1'b1)
  );
  CARRY4 i_carry (
    .O({unused_sum, sum}), .CO(carry), .CI(1'b0), .CYINIT(bits_i[6]),
    .S({2'b00, one, odd}), .DI({2'b00, two, bits_i[5]})
  );
  assign count_o = {carry[1], sum};
`else
  assign count_o = 3'($countones(bits_i));
`endif
endmodule
