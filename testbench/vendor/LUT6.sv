// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Our model of the vendor's cell: a LUT of six inputs.
module LUT6 #(
  parameter logic [63:0] INIT = '0
) (
  output logic O,
  input  logic I0, I1, I2, I3, I4, I5
);
  assign O = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule
