// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Bins of one command of an executor that takes one at a time: each status that it can end with.
module command_cover import whorl_gen_pkg::*; #(
  parameter logic [7:0]  Opcode   = '0,
  parameter bit          Unread   = 1'b0,  // instead of the opcode: the entry could not be read
  parameter bit          Unknown  = 1'b0,  // instead of the opcode: it is none of Opcodes
  parameter logic [63:0] Opcodes  = '0,    // one a byte, filled up with any of them
  parameter logic [15:0] Statuses = '0,    // bit s: status s
  parameter bit          Partial  = 1'b0   // there are other statuses, counted elsewhere
) (
  input logic       clk_i,
  input logic       rst_i,
  input logic       command_valid_i,
  input logic       command_ready_i,
  input logic       unread_i,            // of the command
  input logic [7:0] opcode_i,            // of the command
  input logic       completion_valid_i,
  input logic       completion_ready_i,
  input status_e    status_i             // of the completion
);
  logic known, meant, meant_q;

  always_comb begin
    known = 1'b0;
    for (int unsigned o = 0; o < 8; o++) known |= opcode_i == Opcodes[8*o+:8];
    if (Unread) meant = unread_i;
    else if (Unknown) meant = !unread_i && !known;
    else meant = !unread_i && opcode_i == Opcode;
  end

  always_ff @(posedge clk_i) begin
    if (command_valid_i && command_ready_i) meant_q <= meant;
    if (rst_i) meant_q <= 1'b0;
  end

  status_cover #(.Statuses(Statuses), .Partial(Partial)) ends (
    .clk_i,
    .rst_i,
    .valid_i (meant_q && completion_valid_i && completion_ready_i),
    .status_i
  );
endmodule
