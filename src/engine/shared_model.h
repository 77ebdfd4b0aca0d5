// One model for many threads: continuous batching.
#ifndef FULLSTOP_ENGINE_SHARED_MODEL_H_
#define FULLSTOP_ENGINE_SHARED_MODEL_H_

#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "base/thread_annotations.h"
#include "engine/prefix_store.h"
#include "engine/row_scheduler.h"
#include "model/forward.h"
#include "model/host_result.h"

namespace fullstop {

// Evaluates what its clients ask for at one time together, in the steps of a
// RowScheduler: clients join and leave between two of them. A row's result is
// what it would be alone, bit for bit. What one client's sequence holds, others
// begin with (Recall), and what nobody uses any more is kept for that, as far
// as the memory allows: a beginning that many share is evaluated once. Rows
// that were decoded are found as those of prompts are, so a text that goes on
// with an earlier reply has that reply's rounding. Any number of threads.
class SharedModel {
 public:
  struct Options {
    RowScheduler::Options rows;
    // Of keys and values. What nobody uses is dropped first; a call that still
    // finds no room fails.
    uint64_t cache_bytes = std::numeric_limits<uint64_t>::max();
    // The most sequences that nobody uses.
    size_t kept_sequences = 64;
    // How long a step waits for the next rows of those that the last one
    // answered, in parts of that one's time: replies go on together.
    double patience = 0.1;
  };

  struct Counts {
    uint64_t steps = 0;
    uint64_t decode_rows = 0;
    uint64_t prefill_rows = 0;
    uint64_t recalled = 0;  // positions that were not evaluated again
    size_t waiting = 0;     // calls, now
  };

  // MODEL must outlive the object, and nobody else may use it meanwhile.
  SharedModel(ForwardModel& model, const Options& options);
  // Its clients must be gone.
  ~SharedModel();
  SharedModel(const SharedModel&) = delete;
  SharedModel& operator=(const SharedModel&) = delete;

  // The model as one thread sees it: with sequences of its own, and calls that
  // wait for their turn. A failed call leaves its sequences as they were.
  // Dropping a sequence, or cutting much of it, leaves it to others; the client
  // leaves all of its own.
  std::unique_ptr<ForwardModel> Connect();

  Counts counts() const FULLSTOP_EXCLUDES(mutex_);
  uint64_t cache_bytes() FULLSTOP_EXCLUDES(mutex_);

 private:
  using Clock = std::chrono::steady_clock;
  using Ticket = RowScheduler::Ticket;
  class Client;

  // A client's call.
  struct Request {
    const Client* client = nullptr;
    std::vector<Row> rows;
    Phase phase = Phase::kPrefill;
    HostResult* result = nullptr;
    size_t done = 0;
    bool finished = false;
    std::exception_ptr error;
    CondVar changed;
  };
  // A text that a sequence is being given.
  struct Promise {
    uint64_t number;  // in the order in which they were made
    std::vector<TokenId> ids;
    Clock::time_point moved;  // when it last came nearer
  };
  // Has the model to itself, between two steps.
  class Access;

  // For clients.
  SequenceId NewSequence() FULLSTOP_EXCLUDES(mutex_);
  void Evaluate(Request* request) FULLSTOP_EXCLUDES(mutex_);
  ForwardModel::Recalled Recall(SequenceId sequence,
                                std::span<const TokenId> ids)
      FULLSTOP_EXCLUDES(mutex_);
  void Copy(SequenceId from, SequenceId to, int32_t length)
      FULLSTOP_EXCLUDES(mutex_);
  void Cut(SequenceId sequence, int32_t length) FULLSTOP_EXCLUDES(mutex_);
  // SEQUENCE is not being given its text any more.
  void Forget(SequenceId sequence) FULLSTOP_EXCLUDES(mutex_);
  void Leave(SequenceId sequence) FULLSTOP_EXCLUDES(mutex_);
  void Disconnect(const Client* client) FULLSTOP_EXCLUDES(mutex_);

  // For the thread that computes.
  void Work() FULLSTOP_EXCLUDES(mutex_);
  void AwaitOthers() FULLSTOP_REQUIRES(mutex_);
  void RunStep() FULLSTOP_REQUIRES(mutex_);
  // PARTS of requests in one call of the model, or each alone where that fails.
  void Run(Phase phase, std::span<const RowScheduler::Part> parts)
      FULLSTOP_REQUIRES(mutex_);
  // The one call; false and ERROR where it fails.
  bool TryRun(Phase phase, std::span<const RowScheduler::Part> parts,
              std::exception_ptr* error) FULLSTOP_REQUIRES(mutex_);
  std::span<const Row> RowsOf(const RowScheduler::Part& part)
      FULLSTOP_REQUIRES(mutex_);
  void Take(const RowScheduler::Part& part) FULLSTOP_REQUIRES(mutex_);
  void Fail(Ticket ticket, std::exception_ptr error) FULLSTOP_REQUIRES(mutex_);
  // Drops what nobody uses until STEP fits, then the youngest of its parts.
  void MakeRoom(RowScheduler::Step* step) FULLSTOP_REQUIRES(mutex_);
  uint64_t Needed(const RowScheduler::Step& step) FULLSTOP_REQUIRES(mutex_);
  bool DropOldest() FULLSTOP_REQUIRES(mutex_);
  void Retire(SequenceId sequence) FULLSTOP_REQUIRES(mutex_);
  bool IsAwaited(const Promise& own, int32_t length) FULLSTOP_REQUIRES(mutex_);
  bool Moves(SequenceId sequence, const Promise& promise)
      FULLSTOP_REQUIRES(mutex_);

  ForwardModel& model_;
  const Options options_;

  mutable Mutex mutex_;
  CondVar work_;  // for the thread that computes
  CondVar idle_;  // a step has ended
  bool stop_ FULLSTOP_GUARDED_BY(mutex_) = false;
  bool busy_ FULLSTOP_GUARDED_BY(mutex_) = false;
  size_t accesses_ FULLSTOP_GUARDED_BY(mutex_) = 0;  // that wait for the model
  RowScheduler scheduler_ FULLSTOP_GUARDED_BY(mutex_);
  PrefixStore store_ FULLSTOP_GUARDED_BY(mutex_);
  std::map<Ticket, Request*> requests_ FULLSTOP_GUARDED_BY(mutex_);
  std::map<SequenceId, Promise> promises_ FULLSTOP_GUARDED_BY(mutex_);
  // Clients that the last step answered, and that may soon want more.
  std::set<const Client*> answered_ FULLSTOP_GUARDED_BY(mutex_);
  Clock::time_point deadline_ FULLSTOP_GUARDED_BY(mutex_);
  Ticket last_ticket_ FULLSTOP_GUARDED_BY(mutex_) = 0;
  SequenceId last_sequence_ FULLSTOP_GUARDED_BY(mutex_) = 0;
  uint64_t last_promise_ FULLSTOP_GUARDED_BY(mutex_) = 0;
  Counts counts_ FULLSTOP_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_SHARED_MODEL_H_
