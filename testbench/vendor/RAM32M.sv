// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Our model of the vendor's cell: four LUTs as memories of 32 words of two bits. All are written at the last one's
/// address, each is read at its own.
module RAM32M (
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
  output logic [1:0] DOD
);
  logic [1:0] table_a [32];
  logic [1:0] table_b [32];
  logic [1:0] table_c [32];
  logic [1:0] table_d [32];

  assign DOA = table_a[ADDRA];
  assign DOB = table_b[ADDRB];
  assign DOC = table_c[ADDRC];
  assign DOD = table_d[ADDRD];
  always_ff @(posedge WCLK) begin
    if (WE) table_a[ADDRD] <= DIA;
    if (WE) table_b[ADDRD] <= DIB;
    if (WE) table_c[ADDRD] <= DIC;
    if (WE) table_d[ADDRD] <= DID;
  end
endmodule
