// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Whether the number of ones among 36 bits is odd; combinational.
///
/// Seven six-input LUTs, which synthesis tools do not find in a long exclusive or.
module parity36 (
  input  logic [35:0] bits_i,
  output logic        odd_o
);
`ifdef WHORL_XILINX
  localparam logic [63:0] Parity = 64'h6996966996696996;

  logic [5:0] sixes;

  for (genvar s = 0; s < 6; s++) begin : gen_six
    LUT6 #(.INIT(Parity)) i_lut (
      .O(sixes[s]), .I0(bits_i[6*s]), .I1(bits_i[6*s+1]), .I2(bits_i[6*s+2]), .I3(bits_i[6*s+3]), .I4(bits_i[6*s+4]),
      .I5(bits_i[6*s+5])
    );
  end
  LUT6 #(.INIT(Parity)) i_lut (.O(odd_o), .I0(sixes[0]), .I1(sixes[1]), .I2(sixes[2]), .I3(sixes[3]), .I4(sixes[4]), .I5(sixes[5]));
`else
  assign odd_o = ^bits_i;
`endif
endmodule
