// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Whether two coordinates, position - rotated + offset each, both lie in their windows of 24.
///
/// x: position_x - rotated_x + offset_x + 1 in 6144..6167, all unsigned.
/// y: position_y - rotated_y + offset_y in 0..23, modulo 2**14.
/// The odd form of x keeps every term of the sum below 2**14 and free of signs, so that both coordinates fit the
/// 27-bit adder of one DSP block (`Dsp`): y above the upper bits of x, whose lowest bit comes in as a carry.
/// Without `Dsp` an adder of three operands each does it in LUTs, one a bit.
///
/// One pair per cycle: rotated_*_i in one cycle, the offsets in the next, `extra_i` one later, far_o one later still.
module pair_window #(
  parameter bit Dsp = 1'b1
) (
  input  logic               clk_i,
  input  logic               position_load_i,
  input  logic        [11:0] position_x_i,
  input  logic signed [11:0] position_y_i,
  input  logic        [2:0]  stage_valid_i,  // rotated, offsets, extra: they only save power and simulation time
  input  logic        [12:0] rotated_x_i,
  input  logic signed [12:0] rotated_y_i,
  input  logic        [13:0] offset_x_i,
  input  logic        [13:0] offset_y_i,
  input  logic               extra_i,        // one more condition
  output logic               far_o           // not both inside, or not extra_i
);
`ifdef WHORL_XILINX
  if (Dsp) begin : gen_dsp
    localparam logic [47:0] Pattern = 48'h0000_0000_0C00; // x / 2 from 3072 to 3083, y from 0 to 23 ...
    localparam logic [47:0] Mask    = 48'hFFFF_F803_E00F; // ... but for the lowest bits of both

    logic        position_low_q, rotated_low_q, carry, extra_q, pattern;
    logic [47:0] product;

    // Lowest bits of x, as position + ~rotated + offset + 2: what they carry.
    assign carry = (position_low_q && !rotated_low_q) || (offset_x_i[0] && (position_low_q || !rotated_low_q));
    always_ff @(posedge clk_i) begin
      if (position_load_i) position_low_q <= position_x_i[0];
      if (stage_valid_i[0]) rotated_low_q <= rotated_x_i[0];
      extra_q <= extra_i;
    end
    assign far_o = ~pattern | (product[3] & product[2]) | (product[17] & product[16]) | ~extra_q;

    // P = (D - A) * 1 + C + carry
    DSP48E2 #(
      .ADREG(0), .AREG(1), .ACASCREG(1), .ALUMODEREG(0), .AMULTSEL("AD"), .BREG(0), .BCASCREG(0), .CARRYINREG(1), .CARRYINSELREG(0),
      .CREG(1), .DREG(1), .INMODEREG(0), .MREG(1), .OPMODEREG(0), .PREG(1),
      .MASK(Mask), .PATTERN(Pattern), .USE_PATTERN_DETECT("PATDET")
    ) i_dsp (
      .CLK(clk_i),
      .A({3'b0, rotated_y_i[12], rotated_y_i, 1'b0, rotated_x_i[12:1]}),
      .B(18'd1),
      .C({21'b0, offset_y_i, offset_x_i[13:1]}),
      .D({{2{position_y_i[11]}}, position_y_i, 2'b0, position_x_i[11:1]}),
      .CARRYIN(carry), .CARRYINSEL(3'b000), .ALUMODE(4'b0000), .INMODE(5'b01100), .OPMODE(9'b00_011_01_01),
      .CEA1(1'b0), .CEA2(stage_valid_i[0]), .CEAD(1'b0), .CEALUMODE(1'b0), .CEB1(1'b0), .CEB2(1'b0), .CEC(stage_valid_i[1]),
      .CECARRYIN(stage_valid_i[1]), .CECTRL(1'b0), .CED(position_load_i), .CEINMODE(1'b0), .CEM(stage_valid_i[1]),
      .CEP(stage_valid_i[2]),
      .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTCTRL(1'b0), .RSTD(1'b0),
      .RSTINMODE(1'b0), .RSTM(1'b0), .RSTP(1'b0),
      .ACIN(30'b0), .BCIN(18'b0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0), .PCIN(48'b0),
      .P(product), .PATTERNDETECT(pattern)
    );
  end else begin : gen_lut
    logic [11:0] position_x_q, position_y_q;
    logic [12:0] rotated_x_q, rotated_y_q;
    logic [13:0] x, y;
    logic [13:3] x_q, y_q; // windows of 24 are told by eights

    add3 #(.Width(14), .Full(1'b0), .InvertB(1'b1), .CarryIn(2)) i_x (
      .a_i({2'b0, position_x_q}), .b_i({1'b0, rotated_x_q}), .c_i(offset_x_i), .sum_o(x)
    );
    add3 #(.Width(14), .Full(1'b0), .InvertB(1'b1), .CarryIn(1)) i_y (
      .a_i({{2{position_y_q[11]}}, position_y_q}), .b_i({rotated_y_q[12], rotated_y_q}), .c_i(offset_y_i), .sum_o(y)
    );
    always_ff @(posedge clk_i) begin
      if (position_load_i) {position_y_q, position_x_q} <= {position_y_i, position_x_i};
      if (stage_valid_i[0]) {rotated_y_q, rotated_x_q} <= {rotated_y_i, rotated_x_i};
      if (stage_valid_i[1]) {y_q, x_q} <= {y[13:3], x[13:3]};
      if (stage_valid_i[2]) begin
        far_o <= !(x_q[13:5] == 9'd192 && !(x_q[4] && x_q[3]) && y_q[13:5] == '0 && !(y_q[4] && y_q[3]) && extra_i);
      end
    end
  end
`else
  logic        [11:0] position_x_q;
  logic signed [11:0] position_y_q;
  logic        [12:0] rotated_x_q;
  logic signed [12:0] rotated_y_q;
  logic        [15:0] x_q; // with the window moved to 0
  logic        [13:0] y_q;

  always_ff @(posedge clk_i) begin
    if (position_load_i) begin
      position_x_q <= position_x_i;
      position_y_q <= position_y_i;
    end
    if (stage_valid_i[0]) begin
      rotated_x_q <= rotated_x_i;
      rotated_y_q <= rotated_y_i;
    end
    if (stage_valid_i[1]) begin
      x_q <= 16'(position_x_q) - 16'(rotated_x_q) + 16'(offset_x_i) - 16'd6143;
      y_q <= 14'(position_y_q) - 14'(rotated_y_q) + offset_y_i;
    end
    if (stage_valid_i[2]) far_o <= !(x_q < 16'd24 && y_q < 14'd24 && extra_i);
  end
`endif
endmodule
