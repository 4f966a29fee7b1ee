// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Sum of three words, combinational: a + b + c + `CarryIn`, or a + ~b + c + `CarryIn` with `InvertB`.
///
/// A device with six-input LUTs and carry chains needs one LUT a bit, where two adders in a row need two: the LUT
/// makes the sum and the majority of its three bits, and the chain adds each sum to the majority of the bit below.
module add3 #(
  parameter int unsigned Width    = 8,    // bits of an operand
  parameter bit          Full     = 1'b1, // 1: the sum is Width + 2 bits, nothing is lost; 0: modulo 2**Width
  parameter bit          InvertB  = 1'b0,
  parameter int unsigned CarryIn  = 0     // 0..2
) (
  input  logic [Width-1:0]                   a_i,
  input  logic [Width-1:0]                   b_i,
  input  logic [Width-1:0]                   c_i,
  output logic [(Full ? Width + 2 : Width)-1:0] sum_o
);
  if (CarryIn > 2) begin : gen_check_carry
    $error("add3: CarryIn must be 0 to 2");
  end
  if (Full && InvertB) begin : gen_check_invert
    $error("add3: an inverted operand has no sum without a modulus");
  end

`ifdef WHORL_XILINX
  localparam int unsigned Quads = (Width + 1 + 3) / 4;
  localparam int unsigned Stages = 4 * Quads;
  // O6: a ^ b ^ c ^ m. O5: majority of a, b, c. Inputs in the order a, b, c, m.
  localparam logic [63:0] Plain    = 64'h69966996_E8E8E8E8;
  localparam logic [63:0] Inverted = 64'h96699669_B2B2B2B2;

  logic [Width:0]    majority;
  logic [Stages-1:0] propagate, generated, sum, carry;

  assign majority[0] = CarryIn == 2;
  for (genvar b = 0; b < int'(Stages); b++) begin : gen_bit
    if (b < int'(Width)) begin : gen_lut
      LUT6_2 #(.INIT(InvertB ? Inverted : Plain)) i_lut (
        .O6(propagate[b]), .O5(majority[b+1]),
        .I0(a_i[b]), .I1(b_i[b]), .I2(c_i[b]), .I3(majority[b]), .I4(1'b0), .I5(1'b1)
      );
      assign generated[b] = majority[b];
    end else begin : gen_end
      assign propagate[b] = Full && b == int'(Width) ? majority[Width] : 1'b0;
      assign generated[b] = 1'b0;
    end
  end
  for (genvar q = 0; q < int'(Quads); q++) begin : gen_carry
    CARRY4 i_carry (
      .O(sum[4*q +: 4]), .CO(carry[4*q +: 4]),
      .CI(q == 0 ? 1'b0 : carry[(q == 0 ? 0 : 4*q-1)]), .CYINIT(q == 0 && CarryIn != 0 ? 1'b1 : 1'b0),
      .DI(generated[4*q +: 4]), .S(propagate[4*q +: 4])
    );
  end
  if (Full) begin : gen_full
    assign sum_o = {carry[Width], sum[Width:0]};
  end else begin : gen_modulo
    assign sum_o = sum[Width-1:0];
  end
`else
  localparam int unsigned SumWidth = Full ? Width + 2 : Width;

  logic [Width-1:0] b;

  assign b     = InvertB ? ~b_i : b_i;
  assign sum_o = SumWidth'(a_i) + SumWidth'(b) + SumWidth'(c_i) + SumWidth'(CarryIn);
`endif
endmodule
