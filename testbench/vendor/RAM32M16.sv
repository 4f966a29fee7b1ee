// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Our model of the vendor's cell: eight LUTs as memories of 32 words of two bits. All are written at the last one's
/// address, each is read at its own.
module RAM32M16 (
  input  logic       WCLK, WE,
  input  logic [4:0] ADDRA,
  input  logic [1:0] DIA,
  output logic [1:0] DOA,
  input  logic [4:0] ADDRB,
  input  logic [1:0] DIB,
  output logic [1:0] DOB,
  input  logic [4:0] ADDRC,
  input  logic [1:0] DIC,
  output logic [1:0] DOC,
  input  logic [4:0] ADDRD,
  input  logic [1:0] DID,
  output logic [1:0] DOD,
  input  logic [4:0] ADDRE,
  input  logic [1:0] DIE,
  output logic [1:0] DOE,
  input  logic [4:0] ADDRF,
  input  logic [1:0] DIF,
  output logic [1:0] DOF,
  input  logic [4:0] ADDRG,
  input  logic [1:0] DIG,
  output logic [1:0] DOG,
  input  logic [4:0] ADDRH,
  input  logic [1:0] DIH,
  output logic [1:0] DOH
);
  logic [1:0] table_a [32];
  logic [1:0] table_b [32];
  logic [1:0] table_c [32];
  logic [1:0] table_d [32];
  logic [1:0] table_e [32];
  logic [1:0] table_f [32];
  logic [1:0] table_g [32];
  logic [1:0] table_h [32];

  assign DOA = table_a[ADDRA];
  assign DOB = table_b[ADDRB];
  assign DOC = table_c[ADDRC];
  assign DOD = table_d[ADDRD];
  assign DOE = table_e[ADDRE];
  assign DOF = table_f[ADDRF];
  assign DOG = table_g[ADDRG];
  assign DOH = table_h[ADDRH];
  always_ff @(posedge WCLK) begin
    if (WE) table_a[ADDRH] <= DIA;
    if (WE) table_b[ADDRH] <= DIB;
    if (WE) table_c[ADDRH] <= DIC;
    if (WE) table_d[ADDRH] <= DID;
    if (WE) table_e[ADDRH] <= DIE;
    if (WE) table_f[ADDRH] <= DIF;
    if (WE) table_g[ADDRH] <= DIG;
    if (WE) table_h[ADDRH] <= DIH;
  end
endmodule
