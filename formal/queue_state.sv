// SPDX-License-Identifier: Apache-2.0 OR MIT

/// queue_state: no sequence of doorbells, however wrong, moves an index out of its ring, lets the card fetch what was
/// not submitted or overwrite what was not consumed; a doorbell either moves its index or is refused.
module queue_state_formal import whorl_gen_pkg::*, queue_pkg::*; #(
  parameter int unsigned QueuePairs = 2
) (
  input logic                  clk_i,
  input logic                  rst_i,
  input logic                  admin_start_i,
  input pair_setup_t           admin_setup_i,
  input logic                  forget_i,
  input logic                  create_i,
  input pair_setup_t           create_setup_i,
  input logic                  delete_i,
  input logic [7:0]            delete_index_i,
  input logic                  restart_i,
  input logic [7:0]            restart_index_i,
  input logic                  doorbell_valid_i,
  input doorbell_t             doorbell_i,
  input logic [QueuePairs-1:0] sq_advance_i,
  input logic [QueuePairs-1:0] cq_advance_i,
  input logic [QueuePairs-1:0] halt_i
);
  logic        refusal_valid;
  error_t      refusal;
  queue_pair_t pair [QueuePairs];
  logic        first_q = 1'b1;

  queue_state #(.QueuePairs(QueuePairs)) i_dut (
    .clk_i, .rst_i, .admin_start_i, .admin_setup_i, .forget_i, .create_i, .create_setup_i, .delete_i, .delete_index_i,
    .restart_i, .restart_index_i,
    .doorbell_valid_i, .doorbell_i, .refusal_valid_o(refusal_valid), .refusal_o(refusal),
    .sq_advance_i, .cq_advance_i, .halt_i, .pair_o(pair)
  );

  always_ff @(posedge clk_i) first_q <= 1'b0;

  // What the card promises: it fetches what is there, writes where there is room, creates with checked fields.
  always_comb begin
    assume (!first_q || rst_i);
    assume (!create_i || (create_setup_i.queue_index != '0 && create_setup_i.queue_index < 8'(QueuePairs)
        && create_setup_i.entries_log2 >= 8'd1 && create_setup_i.entries_log2 <= 8'(QUEUE_ENTRIES_LOG2_MAX)));
    // A pair that was created once is started anew where it was.
    assume (!restart_i || (restart_index_i != '0 && restart_index_i < 8'(QueuePairs) && pair[QueuePairs - 1].mask != '0));
    assume (!(create_i && sq_advance_i[create_setup_i.queue_index[0]]));
    for (int unsigned q = 0; q < QueuePairs; q++) begin
      assume (!sq_advance_i[q] || pair[q].sq_head != pair[q].sq_tail);
      assume (!cq_advance_i[q] || ((pair[q].cq_tail + 1'b1) & pair[q].mask) != pair[q].cq_head);
    end
  end

  logic      rung_q;
  doorbell_t doorbell_q;
  always_ff @(posedge clk_i) begin
    rung_q     <= doorbell_valid_i && !rst_i;
    doorbell_q <= doorbell_i;
  end

  for (genvar q = 0; q < QueuePairs; q++) begin : gen_pair
    queue_pair_t  before_q;  // the pair one cycle ago
    entry_index_t written, moved, head_moved;
    logic         undisturbed_q, mine_q, sq_advance_q, cq_advance_q;

    always_ff @(posedge clk_i) begin
      before_q      <= pair[q];
      // Nothing but doorbells and advances changed the pair.
      undisturbed_q <= !(rst_i || forget_i || admin_start_i || create_i || delete_i || restart_i);
      mine_q        <= rung_q && doorbell_q.queue_index == 8'(q);
      sq_advance_q  <= sq_advance_i[q];
      cq_advance_q  <= cq_advance_i[q];
    end

    // A ring's mask is 0...01...1.
    assign written    = (before_q.cq_tail - before_q.cq_head) & before_q.mask;
    assign head_moved = (pair[q].cq_head - before_q.cq_head) & before_q.mask;

    always_ff @(posedge clk_i) if (!rst_i) begin
      MaskIsOfARing: assert ((pair[q].mask & (pair[q].mask + 1'b1)) == '0 && (!pair[q].active || pair[q].mask != '0));
      InRing: assert (((pair[q].sq_head | pair[q].sq_tail | pair[q].cq_head | pair[q].cq_tail) & ~pair[q].mask) == '0);
      if (undisturbed_q) begin
        HeadOnlyOverWritten: assert (head_moved <= written);
        SqHeadByFetchAlone: assert (pair[q].sq_head == ((before_q.sq_head + entry_index_t'(sq_advance_q)) & before_q.mask));
        CqTailByPostAlone: assert (pair[q].cq_tail == ((before_q.cq_tail + entry_index_t'(cq_advance_q)) & before_q.mask));
        PhaseTurnsAtTheWrap: assert ((pair[q].phase != before_q.phase) == (cq_advance_q && before_q.cq_tail == before_q.mask));
        SqTailByDoorbellAlone: assert (pair[q].sq_tail == before_q.sq_tail || mine_q);
        CqHeadByDoorbellAlone: assert (pair[q].cq_head == before_q.cq_head || mine_q);
        PlaceStays: assert (pair[q].sq_base == before_q.sq_base && pair[q].cq_base == before_q.cq_base && pair[q].mask == before_q.mask);
      end
      Wrapped: cover (undisturbed_q && pair[q].cq_tail == '0 && !pair[q].phase && pair[q].active);
      Moved: cover (undisturbed_q && head_moved == entry_index_t'(2));
    end
  end

  // A doorbell of a pair that does not exist is always refused, and names the pair.
  logic absent_q, rung_before_q;
  logic [7:0] rung_index_q;
  always_ff @(posedge clk_i) begin
    absent_q <= rung_q && !rst_i;
    for (int unsigned q = 0; q < QueuePairs; q++) if (doorbell_q.queue_index == 8'(q) && pair[q].active) absent_q <= 1'b0;
    rung_before_q <= rung_q && !rst_i;
    rung_index_q  <= doorbell_q.queue_index;
  end
  always_ff @(posedge clk_i) if (!rst_i) begin
    AbsentIsRefused: assert (!absent_q || $past(rst_i) || refusal_valid);
    RefusalNamesThePair: assert (!(refusal_valid && rung_before_q && !$past(rst_i)) || refusal.queue_index == rung_index_q);
    RefusalHasACause: assert (!refusal_valid || $past(rst_i) || rung_before_q || $past(admin_start_i));
  end
endmodule
