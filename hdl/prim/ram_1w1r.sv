// SPDX-License-Identifier: Apache-2.0 OR MIT

/// RAM with one write port and one read port.
///
/// A word is `Chunks` chunks that are written independently, side by side. A read takes one cycle;
/// reading and writing the same word in one cycle reads the old word. `read_data_o` is held while `read_enable_i` is low.
module ram_1w1r #(
  parameter int unsigned ChunkWidth = 8,       // bits of a chunk
  parameter int unsigned Chunks     = 1,       // chunks of a word
  parameter int unsigned Depth      = 16,      // words
  parameter              Style      = "block"  // what it is made of: "block", "ultra" or "distributed"
) (
  input  logic                              clk_i,
  // write
  input  logic [Chunks-1:0]                 write_enable_i,
  input  logic [$clog2(Depth)-1:0]          write_address_i,
  input  logic [Chunks-1:0][ChunkWidth-1:0] write_data_i,
  // read
  input  logic                              read_enable_i,
  input  logic [$clog2(Depth)-1:0]          read_address_i,
  output logic [Chunks-1:0][ChunkWidth-1:0] read_data_o
);
  (* ram_style = Style *) logic [Chunks-1:0][ChunkWidth-1:0] words_q [Depth];

  always_ff @(posedge clk_i) begin
    if (read_enable_i) read_data_o <= words_q[read_address_i];
    for (int unsigned chunk = 0; chunk < Chunks; chunk++) begin
      if (write_enable_i[chunk]) words_q[write_address_i][chunk] <= write_data_i[chunk];
    end
  end
endmodule
