// SPDX-License-Identifier: Apache-2.0 OR MIT

/// LUT RAM with one port: with one address, a LUT holds 64 bits of it and none is spent on a second address.
///
/// A word is `Chunks` chunks that are written independently, side by side. A read takes one cycle; a cycle with a write
/// reads nothing. `read_data_o` is held while `read_enable_i` is low.
module ram_1rw #(
  parameter int unsigned ChunkWidth = 8,  // bits of a chunk
  parameter int unsigned Chunks     = 1,  // chunks of a word
  parameter int unsigned Depth      = 64  // words
) (
  input  logic                              clk_i,
  input  logic [$clog2(Depth)-1:0]          address_i,
  input  logic [Chunks-1:0]                 write_enable_i,
  input  logic [Chunks-1:0][ChunkWidth-1:0] write_data_i,
  input  logic                              read_enable_i,
  output logic [Chunks-1:0][ChunkWidth-1:0] read_data_o
);
  for (genvar c = 0; c < int'(Chunks); c++) begin : gen_chunk
    (* ram_style = "distributed" *) logic [ChunkWidth-1:0] words_q [Depth];

    always_ff @(posedge clk_i) begin
      if (write_enable_i[c]) words_q[address_i] <= write_data_i[c];
      if (read_enable_i) read_data_o[c] <= words_q[address_i];
    end
  end
endmodule
