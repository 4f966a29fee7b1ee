// SPDX-License-Identifier: Apache-2.0 OR MIT

/// The smaller of two keys with its index, one bit longer than before; the left one of equals. Combinational.
///
/// In LUTs and a carry chain: a LUT compares two bits, and a LUT chooses two.
module min_node #(
  parameter int unsigned KeyWidth   = 6, // even
  parameter int unsigned IndexWidth = 1, // of each side, 0: none; the side becomes the highest bit
  localparam int unsigned SideWidth = IndexWidth == 0 ? 1 : IndexWidth
) (
  input  logic [KeyWidth-1:0]   left_key_i,
  input  logic [KeyWidth-1:0]   right_key_i,
  input  logic [SideWidth-1:0]  left_index_i,
  input  logic [SideWidth-1:0]  right_index_i,
  output logic [KeyWidth-1:0]   key_o,
  output logic [IndexWidth:0]   index_o
);
`ifdef WHORL_XILINX
  localparam int unsigned Pairs   = KeyWidth / 2;
  localparam int unsigned Chosen  = KeyWidth + IndexWidth;
  localparam int unsigned Choices = (Chosen + 1) / 2;
  if (KeyWidth % 2 != 0 || Pairs > 4) begin : gen_check_width
    $error("min_node: KeyWidth must be 2, 4, 6 or 8");
  end

  logic [3:0]           same, greater, carry, unused_sum;
  logic                 right;
  logic [2*Choices-1:0] left_word, right_word, word;

  for (genvar p = 0; p < 4; p++) begin : gen_pair
    if (p < int'(Pairs)) begin : gen_lut
      // O6: the two bits are equal. O5: the left ones are greater.
      LUT6_2 #(.INIT(64'h90099009_20F220F2)) i_compare (
        .O6(same[p]), .O5(greater[p]),
        .I0(left_key_i[2*p]), .I1(right_key_i[2*p]), .I2(left_key_i[2*p+1]), .I3(right_key_i[2*p+1]), .I4(1'b0), .I5(1'b1)
      );
    end else begin : gen_end
      assign same[p]    = 1'b1;
      assign greater[p] = 1'b0;
    end
  end
  CARRY4 i_carry (.O(unused_sum), .CO(carry), .CI(1'b0), .CYINIT(1'b0), .S(same), .DI(greater));
  assign right = carry[Pairs-1];

  assign left_word  = (2*Choices)'({left_index_i, left_key_i});
  assign right_word = (2*Choices)'({right_index_i, right_key_i});
  for (genvar c = 0; c < int'(Choices); c++) begin : gen_choice
    LUT6_2 #(.INIT(64'hFFAA5500_E4E4E4E4)) i_choose (
      .O6(word[2*c+1]), .O5(word[2*c]),
      .I0(right), .I1(left_word[2*c]), .I2(right_word[2*c]), .I3(left_word[2*c+1]), .I4(right_word[2*c+1]), .I5(1'b1)
    );
  end
  assign key_o = word[KeyWidth-1:0];
  if (IndexWidth == 0) begin : gen_side
    assign index_o = right;
  end else begin : gen_index
    assign index_o = {right, word[Chosen-1:KeyWidth]};
  end
`else
  logic right;
  assign right   = left_key_i > right_key_i;
  assign key_o   = right ? right_key_i : left_key_i;
  if (IndexWidth == 0) begin : gen_side
    assign index_o = right;
  end else begin : gen_index
    assign index_o = {right, right ? right_index_i : left_index_i};
  end
`endif
endmodule
