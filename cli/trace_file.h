// --trace FILE: every token of every reply as a line of JSON.
#ifndef FULLSTOP_CLI_TRACE_FILE_H_
#define FULLSTOP_CLI_TRACE_FILE_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "engine/loaded_model.h"
#include "engine/reply.h"
#include "generate/trace.h"

namespace fullstop::cli {

// Stands between a reply and the one who watches it, and writes down what
// passes. Without a file it only passes on.
class TraceFile : public ReplyObserver {
 public:
  // PATH may be empty. Throws Error (kIo) where it can't be written.
  TraceFile(const std::string& path, const LoadedModel& model);
  ~TraceFile() override;
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  bool enabled() const { return fd_ >= 0; }
  // Whether writing failed: the user is told when the reply is over, and the
  // replies go on without a trace.
  bool failed() const { return failed_; }

  // From now on VIEW, which must outlive the next replies, sees them too.
  void Watch(ReplyObserver& view) { view_ = &view; }

  void OnBegin(const GenerationOptions& options, size_t prompt_tokens) override;
  bool Cancelled() override;
  void OnPrompt(int32_t done, int32_t total) override;
  void OnStep(const GenerationStep& step, const StopMachine& machine) override;
  // The reply is over.
  void Finish(const Reply& reply);

 private:
  void Write(std::string_view line);
  void Fail(int error_number);

  std::string path_;
  int fd_ = -1;
  off_t whole_ = 0;  // bytes of the lines that were written
  bool failed_ = false;
  std::string problem_;  // to be told
  const LoadedModel* model_;
  TraceWriter writer_;
  ReplyObserver* view_ = nullptr;
  std::vector<Piece> closing_;  // what a close between tokens showed
};

// How many first candidates a trace lists.
inline constexpr size_t kTraceCandidates = 8;

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_TRACE_FILE_H_
