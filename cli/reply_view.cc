#include "cli/reply_view.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "generate/end.h"

namespace fullstop::cli {
namespace {

// A prompt shorter than this is evaluated before anyone wants to know.
constexpr int32_t kLongPrompt = 1024;

}  // namespace

ReplyView::ReplyView(bool show)
    : style_(Style(stdout)), show_(show), terminal_(IsTerminal(stdout)) {}

bool ReplyView::Cancelled() { return Interrupted(); }

void ReplyView::OnPrompt(int32_t done, int32_t total) {
  if (!show_ || !HasEscapes(stdout) || total < kLongPrompt) return;
  progress_shown_ = true;
  WriteOut(fmt::format("\r{}reading {} of {} tokens{}", style_.dim, done, total,
                       style_.plain));
}

void ReplyView::OnStep(const GenerationStep& step, const StopMachine&) {
  if (!show_) return;
  ClearProgress();
  for (const Piece& piece : step.pieces) Show(piece);
}

void ReplyView::Show(const Piece& piece) {
  const bool thought = piece.section == Section::kThought;
  if (piece.section == Section::kHeader) return;
  if (!terminal_) {
    if (!thought) WriteOut(piece.bytes);
    return;
  }
  std::string out;
  if (thought != dim_) out += thought ? style_.dim : style_.plain;
  dim_ = thought;
  WriteOut(out + piece.bytes);
  line_open_ = piece.bytes.back() != '\n';
}

void ReplyView::ClearProgress() {
  if (!progress_shown_) return;
  WriteOut("\r\033[K");
  progress_shown_ = false;
}

void ReplyView::Finish() {
  if (!show_) return;
  ClearProgress();
  if (dim_) WriteOut(style_.plain);
  if (terminal_ && line_open_) WriteOut("\n");
}

std::string EndLine(const Reply& reply) {
  std::string line = DescribeEnd(reply.end) + " · " +
                     Count(reply.usage.completion_tokens, "token");
  // The first token costs the prompt's evaluation and says nothing of speed.
  if (reply.usage.completion_tokens > 1 && reply.generate_seconds > 0) {
    line += fmt::format(" · {:.1f} t/s",
                        static_cast<double>(reply.usage.completion_tokens) /
                            reply.generate_seconds);
  }
  if (reply.thoughts_closed > 0) {
    line += fmt::format(" · thought closed at its budget, behind {} tokens",
                        reply.usage.reasoning_tokens);
  }
  for (const LoopNote& note : reply.loops) {
    line += note.stepped_back > 0
                ? fmt::format(" · stepped back {} tokens from a loop of {}",
                              note.stepped_back, note.loop.period)
                : fmt::format(" · a loop of {} tokens, {} times",
                              note.loop.period, note.loop.count);
  }
  return line;
}

}  // namespace fullstop::cli
