#include "cli/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "cli/command.h"
#include "cli/generation_arguments.h"

namespace fullstop::cli {

TraceFile::TraceFile(const std::string& path, const LoadedModel& model)
    : path_(path),
      model_(&model),
      writer_([this](std::string_view line) { Write(line); }) {
  if (path.empty()) return;
  if (model.Holds(path)) {
    throw Error::Usage("--trace " + path + " would overwrite the model");
  }
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) {
    throw Error::System("can't write the trace '" + path + "'", errno);
  }
}

TraceFile::~TraceFile() {
  if (fd_ >= 0) ::close(fd_);
}

void TraceFile::OnBegin(const GenerationOptions& options,
                        size_t prompt_tokens) {
  view_->OnBegin(options, prompt_tokens);
  closing_.clear();
  if (!enabled()) return;
  TraceHeader header;
  header.program = "fullstop " FULLSTOP_VERSION;
  header.model = model_->path();
  header.protocol = model_->protocol().hash();
  header.prompt_tokens = prompt_tokens;
  header.config = options.stops;
  header.params = {{"sampling", DescribeSampling(options.sampling)},
                   {"seed", options.sampling.seed}};
  writer_.Begin(header);
}

bool TraceFile::Cancelled() { return view_->Cancelled(); }

void TraceFile::OnPrompt(int32_t done, int32_t total) {
  view_->OnPrompt(done, total);
}

void TraceFile::OnStep(const GenerationStep& step, const StopMachine& machine) {
  view_->OnStep(step, machine);
  if (!enabled()) return;
  if (step.closed) {
    closing_ = step.pieces;
    return;
  }
  const Tokenizer& tokenizer = model_->tokenizer();
  TraceToken token;
  token.id = step.id;
  token.bytes = tokenizer.TokenBytes(step.id);
  token.control = model_->protocol().IsControl(step.id);
  token.events = step.events;
  token.logprob = step.record.logprob;
  token.p_stop = step.record.p_stop;
  token.drawn_with = step.record.drawn_with;
  for (const RankedLogit& entry : step.record.top) {
    token.top.push_back(
        {entry.id, std::string(tokenizer.TokenBytes(entry.id)), entry.logprob});
  }
  for (const StageEffect& effect : step.record.stages) {
    token.stages.push_back({std::string(SamplerStageName(effect.stage)),
                            effect.changed, effect.kept});
  }
  for (const StopLoss& loss : step.record.stop_losses) {
    token.stop_losses.push_back(
        {loss.id, std::string(SamplerStageName(loss.stage)), loss.removed});
  }
  token.shown = step.pieces;
  token.held = machine.held();
  token.stepped_back = step.stepped_back;
  writer_.Token(token);
}

void TraceFile::Finish(const Reply& reply) {
  if (enabled()) writer_.End({reply.end, reply.usage, closing_});
  if (!problem_.empty()) PrintError(std::exchange(problem_, ""));
}

void TraceFile::Write(std::string_view line) {
  const auto length = static_cast<off_t>(line.size());
  while (!line.empty()) {
    const ssize_t count = ::write(fd_, line.data(), line.size());
    if (count >= 0) {
      line.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return Fail(errno);
    }
  }
  whole_ += length;
}

void TraceFile::Fail(int error_number) {
  problem_ =
      Error::System("can't write the trace '" + path_ + "'", error_number)
          .Advice(
              "the reply goes on without it; the file ends behind "
              "its last whole line")
          .what();
  // Half a line would make the rest unreadable; a pipe can't be cut, though.
  if (::ftruncate(fd_, whole_) != 0) errno = 0;
  ::close(std::exchange(fd_, -1));
  failed_ = true;
}

}  // namespace fullstop::cli
