// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Seven bits of weight one and six of weight four, summed; combinational.
///
/// In LUTs and a carry chain: four LUTs for a sum of five bits; see count7, of which this is two in one chain.
module count13 (
  input  logic [6:0] ones_i,
  input  logic [5:0] fours_i,
  output logic [4:0] sum_o
);
`ifdef WHORL_XILINX
  logic [3:0] sum, carry;
  logic [1:0] odd, one, two;

  for (genvar h = 0; h < 2; h++) begin : gen_half
    logic [5:0] bits;
    assign bits = h == 0 ? ones_i[5:0] : fours_i;
    LUT6   #(.INIT(64'h6996966996696996)) i_odd (
      .O(odd[h]), .I0(bits[0]), .I1(bits[1]), .I2(bits[2]), .I3(bits[3]), .I4(bits[4]), .I5(bits[5])
    );
    LUT6_2 #(.INIT(64'h177E7EE8_E8808000)) i_half (
      .O6(one[h]), .O5(two[h]), .I0(bits[0]), .I1(bits[1]), .I2(bits[2]), .I3(bits[3]), .I4(bits[4]), .I5(1'b1)
    );
  end
  CARRY4 i_carry (
    .O(sum), .CO(carry), .CI(1'b0), .CYINIT(ones_i[6]),
    .S({one[1], odd[1], one[0], odd[0]}), .DI({two[1], fours_i[5], two[0], ones_i[5]})
  );
  assign sum_o = {carry[3], sum};
`else
  assign sum_o = 5'($countones(ones_i)) + 5'($countones(fours_i) << 2);
`endif
endmodule
