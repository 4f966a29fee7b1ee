// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Our model of the vendor's cell, for one way of using it: P = (D - A) * B + C + CARRYIN with registers A, D, C,
/// CARRYIN, M and P and none for B, and the pattern detector. Any other setting ends the simulation.
module DSP48E2 #(
  parameter int          ACASCREG = 1, ADREG = 1, ALUMODEREG = 1, AREG = 1, BCASCREG = 1, BREG = 1, CARRYINREG = 1,
                         CARRYINSELREG = 1, CREG = 1, DREG = 1, INMODEREG = 1, MREG = 1, OPMODEREG = 1, PREG = 1,
  parameter              AMULTSEL = "A", USE_PATTERN_DETECT = "NO_PATDET",
  parameter logic [47:0] MASK = 48'h3FFF_FFFF_FFFF, PATTERN = '0
) (
  input  logic        CLK,
  input  logic [29:0] A, ACIN,
  input  logic [17:0] B, BCIN,
  input  logic [47:0] C, PCIN,
  input  logic [26:0] D,
  input  logic        CARRYIN, CARRYCASCIN, MULTSIGNIN,
  input  logic [2:0]  CARRYINSEL,
  input  logic [3:0]  ALUMODE,
  input  logic [4:0]  INMODE,
  input  logic [8:0]  OPMODE,
  input  logic        CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP,
  input  logic        RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP,
  output logic [47:0] P,
  output logic        PATTERNDETECT
);
  if (ACASCREG != 1 || ADREG != 0 || ALUMODEREG != 0 || AREG != 1 || BCASCREG != 0 || BREG != 0 || CARRYINREG != 1
      || CARRYINSELREG != 0 || CREG != 1 || DREG != 1 || INMODEREG != 0 || MREG != 1 || OPMODEREG != 0 || PREG != 1
      || AMULTSEL != "AD" || USE_PATTERN_DETECT != "PATDET") begin : gen_check
    $error("DSP48E2: the model knows other settings only");
  end

  logic signed [26:0] a_q, d_q, difference;
  logic signed [44:0] m_q;
  logic        [47:0] c_q;
  logic               carry_q;

  assign difference = d_q - a_q;

  always_ff @(posedge CLK) begin
    if (CEA2) a_q <= A[26:0];
    if (CED) d_q <= D;
    if (CEC) c_q <= C;
    if (CECARRYIN) carry_q <= CARRYIN;
    if (CEM) m_q <= 45'(difference) * 45'(signed'(B));
    if (CEP) P <= 48'(m_q) + c_q + 48'(carry_q);
    if ({INMODE, OPMODE, ALUMODE, CARRYINSEL} != {5'b01100, 9'b000110101, 4'b0, 3'b0}
        || |{RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP}) begin
      $fatal(1, "DSP48E2: the model knows another way of using it only");
    end
  end
  assign PATTERNDETECT = ((P ^ PATTERN) & ~MASK) == '0;
endmodule
