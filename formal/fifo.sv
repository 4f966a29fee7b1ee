// SPDX-License-Identifier: Apache-2.0 OR MIT

/// fifo: a word taken at any moment comes out once, unchanged, after exactly the words taken before it.
module fifo_formal #(
  parameter int unsigned Width = 4,
  parameter int unsigned Depth = 4
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             data_valid_i,
  input logic [Width-1:0] data_i,
  input logic             data_ready_i,
  input logic             mark_i        // the word taken now is the one that is followed
);
  localparam int unsigned CountBits = $clog2(Depth) + 1;

  logic                 data_ready, data_valid;
  logic [Width-1:0]     data;
  logic [CountBits-1:0] count;
  logic                 first_q = 1'b1;

  fifo #(.Width(Width), .Depth(Depth)) i_dut (
    .clk_i, .rst_i, .data_valid_i, .data_ready_o(data_ready), .data_i,
    .data_valid_o(data_valid), .data_ready_i, .data_o(data), .count_o(count)
  );

  always_ff @(posedge clk_i) first_q <= 1'b0;
  always_comb assume (!first_q || rst_i);

  logic [CountBits-1:0] held_q;    // words inside, by what was seen at the ports
  logic                 marked_q;  // the marked word is inside
  logic [CountBits-1:0] ahead_q;   // of this many others
  logic [Width-1:0]     word_q;
  logic                 push, pop;

  assign push = data_valid_i && data_ready;
  assign pop  = data_valid && data_ready_i;

  always_ff @(posedge clk_i) begin
    held_q <= held_q + CountBits'(push) - CountBits'(pop);
    if (push && mark_i && !marked_q) begin
      marked_q <= 1'b1;
      word_q   <= data_i;
      ahead_q  <= held_q - CountBits'(pop);
    end else if (marked_q && pop) begin
      ahead_q <= ahead_q - 1'b1;
      if (ahead_q == '0) marked_q <= 1'b0;
    end
    if (rst_i) begin
      held_q   <= '0;
      marked_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    CountIsWordsInside: assert (count == held_q && held_q <= CountBits'(Depth));
    NothingLostOrMade: assert (data_valid == (held_q != '0));
    ReadyWhileThereIsRoom: assert (data_ready == (held_q != CountBits'(Depth)));
    MarkedIsInside: assert (!marked_q || ahead_q < held_q);
    MarkedComesInTurn: assert (!(marked_q && ahead_q == '0) || data == word_q);
    // For the induction: where the marked word lies.
    MarkedLiesInPlace: assert (!marked_q || i_dut.words_q[(CountBits-1)'(i_dut.head_q + ahead_q)] == word_q);
    FullAndOut: cover (marked_q && ahead_q == CountBits'(Depth - 1));
    Out: cover (marked_q && ahead_q == '0 && pop && $past(ahead_q) == CountBits'(1));
  end
endmodule
