// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Our model of the vendor's cell: four stages of a carry chain.
module CARRY4 (
  output logic [3:0] O, CO,
  input  logic       CI, CYINIT,
  input  logic [3:0] DI, S
);
  always_comb begin
    logic carry;
    carry = CI || CYINIT;
    for (int unsigned b = 0; b < 4; b++) begin
      O[b]  = S[b] ^ carry;
      carry = S[b] ? carry : DI[b];
      CO[b] = carry;
    end
  end
endmodule
