// The forward call: rows in, what each row wants out. Whatever computes it (a
// CPU, a GPU, a cluster, a table of logits in a test) stands behind this class.
#ifndef FULLSTOP_MODEL_FORWARD_H_
#define FULLSTOP_MODEL_FORWARD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

using SequenceId = int32_t;

// Which earlier positions of its sequence a row attends to.
enum class MaskKind {
  kCausal,  // all positions up to its own
};

// How a call's rows are computed. Within one phase a row's result depends on
// that row, its sequence and the weights alone: bit for bit the same in any
// batch, chunk or number of threads. Between the phases it may round
// differently.
enum class Phase { kPrefill, kDecode };

enum class Want {
  kNothing,    // only fills the cache
  kHidden,     // the hidden state behind the last norm
  kLogits,     // the logits of the whole vocabulary
  kTopLogits,  // top_k logits, the log-sum-exp and the logits of chosen ids
};

struct Row {
  SequenceId sequence = 0;
  // Positions of a sequence are dense from 0; a row's position is the length of
  // its sequence at that point of the batch.
  int32_t position = 0;
  // The token, unless EMBEDDING is given.
  TokenId token = 0;
  // [embedding length], on the host, valid for the call; or null.
  const float* embedding = nullptr;
  MaskKind mask = MaskKind::kCausal;
  Want want = Want::kNothing;
  int32_t top_k = 0;
  std::span<const TokenId> chosen = {};
};

struct TopLogit {
  TokenId id;
  float logit;
};

// The results of one call, held where they were computed until asked for. ROW
// is the index in the call; asking a row for what it did not want is a
// programmer's error. Valid until the model's next call. One thread.
class ForwardResult {
 public:
  virtual ~ForwardResult() = default;
  // [vocabulary size]
  virtual std::span<const float> Logits(size_t row) = 0;
  // [embedding length]
  virtual std::span<const float> Hidden(size_t row) = 0;
  // Descending by logit, ties ascending by id.
  virtual std::span<const TopLogit> Top(size_t row) = 0;
  virtual double LogSumExp(size_t row) = 0;
  // In the order of Row::chosen.
  virtual std::span<const float> Chosen(size_t row) = 0;
};

// One loaded model with its caches. One thread at a time.
class ForwardModel {
 public:
  virtual ~ForwardModel() = default;

  // Evaluates ROWS in order; rows of one sequence must stand in ascending
  // position. Throws Error (kLimit) where a sequence would outgrow
  // context_length(): then no sequence has changed.
  virtual ForwardResult& Forward(std::span<const Row> rows, Phase phase) = 0;

  // The number of positions that the cache holds for SEQUENCE; 0 if unknown.
  virtual int32_t SequenceLength(SequenceId sequence) const = 0;
  // Makes TO equal to the first LENGTH positions of FROM.
  virtual void CopySequence(SequenceId from, SequenceId to, int32_t length) = 0;
  // Keeps the first LENGTH positions.
  virtual void CutSequence(SequenceId sequence, int32_t length) = 0;
  virtual void DropSequence(SequenceId sequence) = 0;

  struct Recalled {
    int32_t length = 0;  // that the sequence has now
    // Another sequence is being given more of the ids: asking again may pay.
    bool awaited = false;
  };
  // SEQUENCE holds the beginning of IDS and is to hold all of them. A model
  // that has more of them in another sequence gives it those.
  virtual Recalled Recall(SequenceId sequence, std::span<const TokenId> ids) {
    (void)ids;
    return {SequenceLength(sequence)};
  }

  // What the keys and values of all sequences take, and what those of a
  // sequence of LENGTH positions take at most; 0 where that is not known.
  virtual uint64_t cache_bytes() const { return 0; }
  virtual uint64_t SequenceBytes(int32_t length) const {
    (void)length;
    return 0;
  }

  virtual int32_t vocabulary_size() const = 0;
  virtual int32_t embedding_length() const = 0;
  // Of the cache as configured, not of the training.
  virtual int32_t context_length() const = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_FORWARD_H_
