// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// CRC-32C (Castagnoli, as in RFC 3720) over a run of 64-byte lines.
///
/// One line per cycle. Two stages: the line's own remainder, which has no feedback, then the running
/// remainder; `crc_o` covers a line two cycles after it was given. The arithmetic is linear over GF(2): every
/// output bit is the parity of a fixed set of the line's bits, and the running remainder acts
/// as if it were added to the first 32 bits of the line.
module crc32c import dma_pkg::*; (
  input  logic        clk_i,
  input  logic        rst_i,
  input  logic        clear_i,       // starts a run; not while a line is in the first stage
  input  logic        line_valid_i,
  input  line_data_t  line_i,
  output logic [31:0] crc_o
);
  localparam logic [31:0] PolynomialReflected = 32'h82f6_3b78;

  typedef logic [31:0][$bits(line_data_t)-1:0] masks_t;

  // Row b: the bits of a line whose parity is bit b of the remainder. A one that enters last is
  // reduced once, each earlier one once more.
  function automatic masks_t line_masks();
    masks_t      masks;
    logic [31:0] remainder;
    remainder = 32'd1;
    for (int k = $bits(line_data_t) - 1; k >= 0; k--) begin
      remainder = remainder[0] ? (remainder >> 1) ^ PolynomialReflected : remainder >> 1;
      for (int b = 0; b < 32; b++) masks[b][k] = remainder[b];
    end
    return masks;
  endfunction

  localparam masks_t Masks = line_masks();

  logic [31:0] line_remainder_q, remainder_q, carried;
  logic        line_remainder_valid_q;

  always_comb begin
    for (int b = 0; b < 32; b++) carried[b] = ^(remainder_q & Masks[b][31:0]);
  end

  always_ff @(posedge clk_i) begin
    // Guarded: an idle block costs a simulation nothing.
    if (line_valid_i) begin
      for (int b = 0; b < 32; b++) line_remainder_q[b] <= ^(line_i & Masks[b]);
    end
    line_remainder_valid_q <= line_valid_i;
    if (line_remainder_valid_q) remainder_q <= carried ^ line_remainder_q;
    if (rst_i || clear_i) remainder_q <= '1;
    if (rst_i) line_remainder_valid_q <= 1'b0;
  end

  assign crc_o = ~remainder_q;

  `ASSERT_IF(ClearBetweenRuns, clear_i, !line_remainder_valid_q)
endmodule
