// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Our model of the vendor's cell: a six-input LUT as two of five inputs.
module LUT6_2 #(
  parameter logic [63:0] INIT = '0
) (
  output logic O6,
  output logic O5,
  input  logic I0, I1, I2, I3, I4, I5
);
  assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];
  assign O5 = INIT[{1'b0, I4, I3, I2, I1, I0}];
endmodule
