// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// First-in first-out queue of a valid/ready stream in block RAM, for large depths or wide words.
///
/// One word in and one word out per cycle. An accepted word is offered three cycles later at the earliest;
/// order is kept. Three words in output registers are held in addition to `Depth`.
module fifo_ram #(
  parameter int unsigned Width = 512, // bits of a word
  parameter int unsigned Depth = 512  // words of the RAM, a power of two from 4
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  // words in
  input  logic                   data_valid_i,
  output logic                   data_ready_o,
  input  logic [Width-1:0]       data_i,
  // words out
  output logic                   data_valid_o,
  input  logic                   data_ready_i,
  output logic [Width-1:0]       data_o,
  // words accepted and not yet taken, at most Depth + 3
  output logic [$clog2(Depth):0] count_o
);
  if (Depth < 4 || Depth != (1 << $clog2(Depth))) begin : gen_check_depth
    $error("fifo_ram: Depth must be a power of two from 4");
  end

  localparam int unsigned AddressWidth = $clog2(Depth);

  logic [AddressWidth:0] head_q, tail_q, stored;
  logic push, fetch, fetched_valid_q, fetched_ready;
  logic [Width-1:0] fetched;

  assign stored       = tail_q - head_q;
  assign data_ready_o = !stored[AddressWidth];
  assign push         = data_valid_i && data_ready_o;
  // The RAM's output register holds one word; it is refilled when the slice behind it takes that word.
  assign fetch        = stored != '0 && (!fetched_valid_q || fetched_ready);

  always_ff @(posedge clk_i) begin
    if (push) tail_q <= tail_q + 1'b1;
    if (fetch) head_q <= head_q + 1'b1;
    if (fetch) fetched_valid_q <= 1'b1;
    else if (fetched_ready) fetched_valid_q <= 1'b0;
    if (rst_i) begin
      head_q          <= '0;
      tail_q          <= '0;
      fetched_valid_q <= 1'b0;
    end
  end

  ram_1w1r #(.ChunkWidth(Width), .Depth(Depth)) i_ram (
    .clk_i,
    .write_enable_i (push),
    .write_address_i(tail_q[AddressWidth-1:0]),
    .write_data_i   (data_i),
    .read_enable_i  (fetch),
    .read_address_i (head_q[AddressWidth-1:0]),
    .read_data_o    (fetched)
  );

  skid_buffer #(.Width(Width)) i_slice (
    .clk_i,
    .rst_i,
    .data_valid_i(fetched_valid_q),
    .data_ready_o(fetched_ready),
    .data_i      (fetched),
    .data_valid_o,
    .data_ready_i,
    .data_o
  );

  // Counted apart from the pointers, so that the words in the output registers are included.
  always_ff @(posedge clk_i) begin
    if (rst_i) count_o <= '0;
    else count_o <= count_o + (AddressWidth + 1)'(push) - (AddressWidth + 1)'(data_valid_o && data_ready_i);
  end

  `ASSERT_HELD(DataHeld, data_valid_o, data_ready_i, data_o)
  `ASSERT(CountCoversStored, count_o >= stored)
endmodule
