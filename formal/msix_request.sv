// SPDX-License-Identifier: Apache-2.0 OR MIT

/// msix_request: a request reaches the shell, none is made up, requests of one pair may become one, and while the
/// shell takes what it is offered a request is overtaken by at most QueuePairs others.
module msix_request_formal #(
  parameter int unsigned QueuePairs = 3
) (
  input logic                  clk_i,
  input logic                  rst_i,
  input logic [QueuePairs-1:0] interrupt_i,
  input logic                  msix_ready_i
);
  localparam int unsigned CountBits = $clog2(2 * QueuePairs + 2);

  logic       msix_valid;
  logic [7:0] msix_vector;
  logic       first_q = 1'b1;

  msix_request #(.QueuePairs(QueuePairs)) i_dut (
    .clk_i, .rst_i, .interrupt_i, .msix_valid_o(msix_valid), .msix_ready_i, .msix_vector_o(msix_vector)
  );

  always_ff @(posedge clk_i) first_q <= 1'b0;
  always_comb assume (!first_q || rst_i);

  logic taken;
  assign taken = msix_valid && msix_ready_i;

  logic [QueuePairs-1:0] in_turn;
  assign in_turn = i_dut.i_turns.in_turn_q;
  always_ff @(posedge clk_i) if (!rst_i) begin
    VectorExists: assert (!msix_valid || msix_vector < 8'(QueuePairs));
    InTurnIsAnUpperPart: assert ((~in_turn & (~in_turn + 1'b1)) == '0);
  end

  for (genvar q = 0; q < QueuePairs; q++) begin : gen_pair
    logic                 offered;
    logic                 owed;         // a request waits behind what stands before the shell
    logic                 pending_q;    // the same, as the ports show it: requested and not offered since
    logic [CountBits-1:0] overtaken_q;  // vectors of others that the shell took since
    logic [CountBits-1:0] to_go;

    // A vector that appears answers the requests up to the cycle before.
    assign offered = msix_valid && msix_vector == 8'(q);
    assign owed  = i_dut.pending_q[q];
    assign to_go   = CountBits'((q + $countones(in_turn)) % QueuePairs);

    always_ff @(posedge clk_i) begin
      if (interrupt_i[q]) pending_q <= 1'b1;
      else if (taken && offered && !owed) pending_q <= 1'b0;
      if (offered || !owed) overtaken_q <= '0;
      else if (taken) overtaken_q <= overtaken_q + 1'b1;
      if (rst_i) begin
        pending_q   <= 1'b0;
        overtaken_q <= '0;
      end
    end

    always_ff @(posedge clk_i) if (!rst_i) begin
      // Neither lost nor made up: a pair is pending exactly while its request waits inside or stands before the shell.
      NoneLostNoneMade: assert (pending_q == (owed || offered));
      Overtaken: assert (overtaken_q <= CountBits'(QueuePairs));
      // For the induction: each vector of another brings the turn nearer.
      NearerTheTurn: assert (!(owed && !offered)
          || overtaken_q + to_go + CountBits'(msix_valid) <= CountBits'(QueuePairs));
      Requested: cover (offered && taken && $past(overtaken_q) == CountBits'(QueuePairs - 1));
    end
  end
endmodule
