// SPDX-License-Identifier: Apache-2.0 OR MIT

/// skid_buffer: a word taken at any moment comes out once, unchanged, after exactly the words taken before it.
module skid_buffer_formal #(
  parameter int unsigned Width = 4
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             data_valid_i,
  input logic [Width-1:0] data_i,
  input logic             data_ready_i,
  input logic             mark_i        // the word taken now is the one that is followed
);
  logic             data_ready, data_valid;
  logic [Width-1:0] data;
  logic             first_q = 1'b1;

  skid_buffer #(.Width(Width)) i_dut (
    .clk_i, .rst_i, .data_valid_i, .data_ready_o(data_ready), .data_i,
    .data_valid_o(data_valid), .data_ready_i, .data_o(data)
  );

  always_ff @(posedge clk_i) first_q <= 1'b0;
  always_comb assume (!first_q || rst_i);

  logic [1:0]       held_q;    // words inside, by what was seen at the ports
  logic             marked_q;  // the marked word is inside
  logic [1:0]       ahead_q;   // of this many others
  logic [Width-1:0] word_q;
  logic             push, pop;

  assign push = data_valid_i && data_ready;
  assign pop  = data_valid && data_ready_i;

  always_ff @(posedge clk_i) begin
    held_q <= held_q + 2'(push) - 2'(pop);
    if (push && mark_i && !marked_q) begin
      marked_q <= 1'b1;
      word_q   <= data_i;
      ahead_q  <= held_q - 2'(pop);
    end else if (marked_q && pop) begin
      ahead_q <= ahead_q - 2'd1;
      if (ahead_q == '0) marked_q <= 1'b0;
    end
    if (rst_i) begin
      held_q   <= '0;
      marked_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) if (!rst_i) begin
    NothingLostOrMade: assert (data_valid == (held_q != '0) && held_q <= 2'd2);
    ReadyWhileThereIsRoom: assert (data_ready == (held_q != 2'd2));
    MarkedIsInside: assert (!marked_q || ahead_q < held_q);
    MarkedComesInTurn: assert (!(marked_q && ahead_q == '0) || data == word_q);
    // For the induction: where the marked word waits.
    MarkedWaitsBehind: assert (!(marked_q && ahead_q != '0) || i_dut.skid_q == word_q);
    FullAndOut: cover (marked_q && ahead_q == '0 && pop && $past(held_q) == 2'd2);
  end
endmodule
