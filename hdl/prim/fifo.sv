// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// First-in first-out queue of a valid/ready stream, for small depths: reads are asynchronous (LUT RAM).
///
/// One word in and one word out per cycle. An accepted word is offered one cycle later; order is kept.
/// `ready` does not depend on the sink: a full queue takes no word even while one leaves.
module fifo #(
  parameter int unsigned Width = 8,  // bits of a word
  parameter int unsigned Depth = 16  // words, a power of two from 2
) (
  input  logic                     clk_i,
  input  logic                     rst_i,
  // words in
  input  logic                     data_valid_i,
  output logic                     data_ready_o,
  input  logic [Width-1:0]         data_i,
  // words out
  output logic                     data_valid_o,
  input  logic                     data_ready_i,
  output logic [Width-1:0]         data_o,
  // words held
  output logic [$clog2(Depth):0]   count_o
);
  if (Depth < 2 || Depth != (1 << $clog2(Depth))) begin : gen_check_depth
    $error("fifo: Depth must be a power of two from 2");
  end

  localparam int unsigned AddressWidth = $clog2(Depth);

  // One bit more than an address, so that full and empty differ.
  logic [AddressWidth:0] head_q, tail_q;
  logic [Width-1:0] words_q [Depth];
  logic push, pop;

  assign push         = data_valid_i && data_ready_o;
  assign pop          = data_valid_o && data_ready_i;
  assign count_o      = tail_q - head_q;
  assign data_ready_o = !count_o[AddressWidth];
  assign data_valid_o = count_o != '0;
  assign data_o       = words_q[head_q[AddressWidth-1:0]];

  always_ff @(posedge clk_i) begin
    if (push) begin
      words_q[tail_q[AddressWidth-1:0]] <= data_i;
      tail_q                            <= tail_q + 1'b1;
    end
    if (pop) head_q <= head_q + 1'b1;
    if (rst_i) begin
      head_q <= '0;
      tail_q <= '0;
    end
  end

  `ASSERT_HELD(DataHeld, data_valid_o, data_ready_i, data_o)
  `ASSERT(NeverOverfull, count_o <= (AddressWidth + 1)'(Depth))
  `ASSERT_NEXT(WordsComeOut, push, data_valid_o)
endmodule
