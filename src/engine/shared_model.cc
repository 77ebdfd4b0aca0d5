#include "engine/shared_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/shared_model_client.h"

namespace fullstop {
namespace {

// A cut that leaves fewer positions behind is none worth keeping them for.
constexpr int32_t kWorthKeeping = 64;
// Whose text does not come nearer for so long is waited for no more.
constexpr std::chrono::milliseconds kStalled{200};
// How long one look for a text that others are being given may take.
constexpr std::chrono::milliseconds kLook{20};

HostResult::RowResult Answer(const Row& row, size_t index,
                             ForwardResult* result) {
  HostResult::RowResult answer;
  answer.want = row.want;
  const auto assign = [&answer](std::span<const float> numbers) {
    answer.numbers.assign(numbers.begin(), numbers.end());
  };
  if (row.want == Want::kLogits) assign(result->Logits(index));
  if (row.want == Want::kHidden) assign(result->Hidden(index));
  if (row.want == Want::kTopLogits) {
    const std::span<const TopLogit> top = result->Top(index);
    answer.top.assign(top.begin(), top.end());
    answer.log_sum_exp = result->LogSumExp(index);
    assign(result->Chosen(index));
  }
  return answer;
}

}  // namespace

class FULLSTOP_SCOPED_CAPABILITY SharedModel::Access {
 public:
  explicit Access(SharedModel* shared) FULLSTOP_ACQUIRE(shared->mutex_)
      : shared_(*shared) {
    shared_.mutex_.Lock();
    ++shared_.accesses_;
    while (shared_.busy_) shared_.idle_.Wait(shared_.mutex_);
    --shared_.accesses_;
  }
  ~Access() FULLSTOP_RELEASE() {
    shared_.mutex_.Unlock();
    shared_.work_.NotifyAll();
  }
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

 private:
  SharedModel& shared_;
};

SharedModel::SharedModel(ForwardModel& model, const Options& options)
    : model_(model),
      options_(options),
      scheduler_(options.rows),
      thread_([this] { Work(); }) {}

SharedModel::~SharedModel() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  work_.NotifyAll();
  thread_.join();
  const MutexLock lock(mutex_);
  while (DropOldest()) {
  }
}

std::unique_ptr<ForwardModel> SharedModel::Connect() {
  return std::make_unique<Client>(this);
}

SharedModel::Counts SharedModel::counts() const {
  const MutexLock lock(mutex_);
  Counts counts = counts_;
  counts.waiting = requests_.size();
  return counts;
}

uint64_t SharedModel::cache_bytes() {
  const Access access(this);
  return model_.cache_bytes();
}

SequenceId SharedModel::NewSequence() {
  const MutexLock lock(mutex_);
  return ++last_sequence_;
}

void SharedModel::Evaluate(Request* request) {
  const MutexLock lock(mutex_);
  const Ticket ticket = ++last_ticket_;
  requests_.emplace(ticket, request);
  scheduler_.Add(ticket, request->phase,
                 static_cast<int32_t>(request->rows.size()));
  answered_.erase(request->client);
  work_.NotifyAll();
  while (!request->finished) request->changed.Wait(mutex_);
  if (request->error) std::rethrow_exception(request->error);
}

ForwardModel::Recalled SharedModel::Recall(SequenceId sequence,
                                           std::span<const TokenId> ids) {
  const Access access(this);
  const auto [promise, is_new] = promises_.try_emplace(sequence);
  if (is_new) {
    promise->second = {++last_promise_, {ids.begin(), ids.end()}, Clock::now()};
  }
  int32_t length = CommonPrefix(store_.Ids(sequence), ids);
  const PrefixStore::Match match = store_.Find(ids);
  if (match.length > length) {
    model_.CopySequence(match.sequence, sequence, match.length);
    store_.Copy(match.sequence, sequence, match.length);
    counts_.recalled += static_cast<uint64_t>(match.length - length);
    length = match.length;
  }
  const bool awaited = IsAwaited(promise->second, length);
  if (awaited) idle_.WaitUntil(mutex_, Clock::now() + kLook);
  if (length == static_cast<int32_t>(ids.size())) promises_.erase(sequence);
  return {length, awaited};
}

// Whoever promised later waits for whoever promised before, so that there is
// always one who does not wait.
bool SharedModel::IsAwaited(const Promise& own, int32_t length) {
  for (const auto& [sequence, other] : promises_) {
    if (other.number < own.number &&
        CommonPrefix(other.ids, own.ids) > length && Moves(sequence, other)) {
      return true;
    }
  }
  return false;
}

bool SharedModel::Moves(SequenceId sequence, const Promise& promise) {
  if (Clock::now() - promise.moved < kStalled) return true;
  for (const auto& [ticket, request] : requests_) {
    if (request->rows.front().sequence == sequence) return true;
  }
  return false;
}

void SharedModel::Forget(SequenceId sequence) {
  const MutexLock lock(mutex_);
  promises_.erase(sequence);
}

void SharedModel::Copy(SequenceId from, SequenceId to, int32_t length) {
  const Access access(this);
  model_.CopySequence(from, to, length);
  store_.Copy(from, to, length);
}

void SharedModel::Cut(SequenceId sequence, int32_t length) {
  const Access access(this);
  promises_.erase(sequence);
  const auto before = static_cast<int32_t>(store_.Ids(sequence).size());
  std::optional<SequenceId> kept;
  if (before - length >= kWorthKeeping) {
    kept = ++last_sequence_;
    model_.CopySequence(sequence, *kept, before);
    store_.Copy(sequence, *kept, before);
  }
  model_.CutSequence(sequence, length);
  store_.Cut(sequence, length);
  if (kept) Retire(*kept);
}

void SharedModel::Leave(SequenceId sequence) {
  const Access access(this);
  promises_.erase(sequence);
  Retire(sequence);
}

void SharedModel::Retire(SequenceId sequence) {
  for (const SequenceId covered : store_.Retire(sequence)) {
    model_.DropSequence(covered);
  }
  while (store_.retired() > options_.kept_sequences) DropOldest();
}

bool SharedModel::DropOldest() {
  const std::optional<SequenceId> oldest = store_.Oldest();
  if (!oldest) return false;
  model_.DropSequence(*oldest);
  store_.Drop(*oldest);
  return true;
}

void SharedModel::Disconnect(const Client* client) {
  const MutexLock lock(mutex_);
  answered_.erase(client);
  work_.NotifyAll();
}

void SharedModel::Work() {
  const MutexLock lock(mutex_);
  while (true) {
    while (!stop_ && (scheduler_.empty() || accesses_ > 0)) work_.Wait(mutex_);
    if (stop_) return;
    AwaitOthers();
    if (!scheduler_.empty() && accesses_ == 0) RunStep();
  }
}

void SharedModel::AwaitOthers() {
  while (!stop_ && accesses_ == 0 && !answered_.empty()) {
    if (!work_.WaitUntil(mutex_, deadline_)) answered_.clear();
  }
}

void SharedModel::RunStep() {
  const Clock::time_point begin = Clock::now();
  RowScheduler::Step step = scheduler_.Next();
  MakeRoom(&step);
  busy_ = true;
  Run(Phase::kDecode, step.decode);
  Run(Phase::kPrefill, step.prefill);
  busy_ = false;
  ++counts_.steps;
  const std::chrono::duration<double> took = Clock::now() - begin;
  deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 options_.patience * took);
  idle_.NotifyAll();
}

void SharedModel::Run(Phase phase, std::span<const RowScheduler::Part> parts) {
  if (parts.empty()) return;
  std::exception_ptr error;
  if (TryRun(phase, parts, &error)) return;
  // Whose rows they were shows where each goes alone.
  for (const RowScheduler::Part& part : parts) {
    if (!TryRun(phase, {&part, 1}, &error)) Fail(part.ticket, error);
  }
}

std::span<const Row> SharedModel::RowsOf(const RowScheduler::Part& part) {
  return std::span<const Row>(requests_.at(part.ticket)->rows)
      .subspan(static_cast<size_t>(part.first),
               static_cast<size_t>(part.count));
}

bool SharedModel::TryRun(Phase phase, std::span<const RowScheduler::Part> parts,
                         std::exception_ptr* error) {
  struct Place {
    const Request* request;
    size_t row;
  };
  std::vector<Row> rows;
  std::vector<Place> places;
  for (const RowScheduler::Part& part : parts) {
    auto row = static_cast<size_t>(part.first);
    for (const Row& each : RowsOf(part)) {
      places.push_back({requests_.at(part.ticket), row++});
      rows.push_back(each);
    }
  }
  bool done = true;
  // Clients wait for their requests, so these stay as they are.
  mutex_.Unlock();
  try {
    ForwardResult& result = model_.Forward(rows, phase);
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto& [request, row] = places[i];
      if (rows[i].want == Want::kNothing) continue;
      request->result->rows()[row] = Answer(rows[i], i, &result);
    }
  } catch (...) {
    *error = std::current_exception();
    done = false;
  }
  mutex_.Lock();
  if (!done) return false;
  for (const RowScheduler::Part& part : parts) Take(part);
  (phase == Phase::kDecode ? counts_.decode_rows : counts_.prefill_rows) +=
      rows.size();
  return true;
}

void SharedModel::Take(const RowScheduler::Part& part) {
  Request* request = requests_.at(part.ticket);
  for (const Row& row : RowsOf(part)) {
    const TokenId id = row.embedding == nullptr ? row.token : -1;
    store_.Append(row.sequence, {&id, 1});
    const auto promise = promises_.find(row.sequence);
    if (promise == promises_.end()) continue;
    promise->second.moved = Clock::now();
    if (store_.Ids(row.sequence).size() >= promise->second.ids.size()) {
      promises_.erase(promise);
    }
  }
  request->done += static_cast<size_t>(part.count);
  if (request->done < request->rows.size()) return;
  if (request->phase == Phase::kDecode) answered_.insert(request->client);
  request->finished = true;
  requests_.erase(part.ticket);
  request->changed.NotifyAll();
}

void SharedModel::Fail(Ticket ticket, std::exception_ptr error) {
  Request* request = requests_.at(ticket);
  for (const Row& row : request->rows) promises_.erase(row.sequence);
  scheduler_.Remove(ticket);
  requests_.erase(ticket);
  request->error = std::move(error);
  request->finished = true;
  request->changed.NotifyAll();
}

uint64_t SharedModel::Needed(const RowScheduler::Step& step) {
  std::map<SequenceId, int32_t> more;
  for (const auto* parts : {&step.decode, &step.prefill}) {
    for (const RowScheduler::Part& part : *parts) {
      for (const Row& row : RowsOf(part)) ++more[row.sequence];
    }
  }
  uint64_t bytes = 0;
  for (const auto& [sequence, count] : more) {
    const int32_t length = model_.SequenceLength(sequence);
    bytes +=
        model_.SequenceBytes(length + count) - model_.SequenceBytes(length);
  }
  return bytes;
}

void SharedModel::MakeRoom(RowScheduler::Step* step) {
  const auto fits = [&]() FULLSTOP_REQUIRES(mutex_) {
    const uint64_t used = model_.cache_bytes();
    return used <= options_.cache_bytes &&
           Needed(*step) <= options_.cache_bytes - used;
  };
  while (!fits()) {
    if (DropOldest()) continue;
    std::vector<RowScheduler::Part>& parts =
        step->prefill.empty() ? step->decode : step->prefill;
    if (parts.empty()) return;
    const Ticket youngest = parts.back().ticket;
    parts.pop_back();
    Fail(youngest,
         std::make_exception_ptr(
             Error::Limit(
                 fmt::format("the cache of {} bytes is full of texts in use",
                             options_.cache_bytes))
                 .Advice("wait for others to end, or give it more memory")));
  }
}

}  // namespace fullstop
