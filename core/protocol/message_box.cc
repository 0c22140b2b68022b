#include "core/protocol/message_box.h"

namespace core {

void MessageBox::give_back(Slot* slot) noexcept {
    if (slot->home == nullptr)
        delete slot;
    else
        slot->home->keep(slot);
}

void MessagePool::make(Message message) {
    const std::size_t kind = message.index();
    slots_.push_back(MessageBox::Slot{std::move(message), this, free_[kind]});
    free_[kind] = &slots_.back();
}

void MessagePool::keep(MessageBox::Slot* slot) {
    Message& message = slot->message;
    const std::size_t kind = message.index();
    switch (kind) {
        case place<ProduceRequest>():
            std::get_if<ProduceRequest>(&message)->partitions.clear();
            break;
        case place<ProduceResponse>():
            std::get_if<ProduceResponse>(&message)->partitions.clear();
            break;
        case place<FetchRequest>():
            std::get_if<FetchRequest>(&message)->partitions.clear();
            std::get_if<FetchRequest>(&message)->forgotten.clear();
            break;
        case place<FetchResponse>():
            std::get_if<FetchResponse>(&message)->error = ErrorCode::none;
            std::get_if<FetchResponse>(&message)->partitions.clear();
            break;
        default:
            UNREACHABLE();
    }
    slot->next = free_[kind];
    free_[kind] = slot;
}

}  // namespace core
