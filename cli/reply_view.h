// A reply as it comes, and the line that says how it ended.
#ifndef FULLSTOP_CLI_REPLY_VIEW_H_
#define FULLSTOP_CLI_REPLY_VIEW_H_

#include <cstdint>
#include <string>

#include "cli/terminal.h"
#include "engine/reply.h"

namespace fullstop::cli {

// Writes the answer to standard output as it comes, thoughts only where that is
// a terminal (dim). SIGINT cancels.
class ReplyView : public ReplyObserver {
 public:
  // With SHOW false nothing is written; cancelling works all the same.
  explicit ReplyView(bool show);

  bool Cancelled() override;
  void OnPrompt(int32_t done, int32_t total) override;
  void OnStep(const GenerationStep& step, const StopMachine& machine) override;
  // Ends the line on a terminal, and any colour.
  void Finish();

 private:
  void Show(const Piece& piece);
  void ClearProgress();

  Styles style_;
  bool show_;
  bool terminal_;
  bool progress_shown_ = false;
  bool dim_ = false;
  bool line_open_ = false;
};

// "turn_end 2 <|im_end|> (gguf: …) · 12 tokens · 34.5 t/s"
std::string EndLine(const Reply& reply);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_REPLY_VIEW_H_
