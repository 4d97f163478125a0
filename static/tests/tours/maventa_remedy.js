import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const BANNER = ".alert-danger[name=maventa_failure]";

const see = (trigger) => ({ content: `See ${trigger}`, trigger });

const click = (trigger) => ({ content: `Click ${trigger}`, trigger, run: "click" });

const press = (label) => click(`${BANNER} button:contains(${label})`);

const quiet = see(`.o_form_view:not(:has(${BANNER}))`);

tours.add("maventa_mend_and_try_again", {
    steps: () => [
        see(`${BANNER}:contains(Nowhere Oy has no e-invoice address)`),
        see(`${BANNER}:contains(Add one of them to the customer)`),
        press("Open the customer"),
        {
            content: "Give the customer an e-mail address",
            trigger: ".o_form_view .o_field_widget[name=email] input",
            run: "edit invoices@nowhere.example",
        },
        click(".o_form_button_save"),
        see(".o_form_saved"),
        click(".breadcrumb-item.o_back_button a, .o_back_button"),
        press("Try again"),
        see(".o_notification:contains(The invoice is being transferred.)"),
        quiet,
        see("[name=maventa_status_id] input:value(To be transferred)"),
    ],
});

tours.add("maventa_see_delivered", {
    steps: () => [
        quiet,
        see("[name=maventa_status_id] input:value(Transferred)"),
        click(".nav-link[name=maventa]"),
        see("[name=maventa_delivery_state]:contains(Delivered)"),
    ],
});

tours.add("maventa_send_by_print", {
    steps: () => [
        see(`${BANNER}:contains(The invoice was not delivered.)`),
        press("Send another way"),
        click(".modal [name=channel] .o_radio_item:contains(Letter) input"),
        see(".modal [name=cost]:contains(there are at least two)"),
        {
            content: "Mend the street",
            trigger: ".modal [name=street] input:value(Mannerheimintie 1)",
            run: "edit Mannerheimintie 2",
        },
        click(".modal button[name=action_send]"),
        see(".o_notification:contains(The invoice is being transferred.)"),
        see("body:not(:has(.modal))"),
        quiet,
    ],
});

tours.add("maventa_handled_outside", {
    steps: () => [
        press("Handled outside"),
        {
            content: "Say how",
            trigger: ".modal [name=note] textarea",
            run: "edit Given to the customer by hand",
        },
        click(".modal button[name=action_handle]"),
        see("body:not(:has(.modal))"),
        quiet,
        see("[name=maventa_status_id] input:value(Handled outside)"),
        see(".o-mail-Message:contains(Given to the customer by hand)"),
    ],
});

tours.add("maventa_failure_desk", {
    steps: () => [
        see(".o_group_header:contains(Nowhere Oy)"),
        see(".o_data_row:first [name=maventa_cause]:contains(no e-invoice address)"),
        click(".o_data_row:first [name=maventa_customer_email]"),
        {
            content: "Mend the address in the row",
            trigger: ".o_data_row:first [name=maventa_customer_email] input",
            run: "edit invoices@nowhere.example",
        },
        click(".o_list_button_save"),
        see(
            ".o_data_row:last [name=maventa_customer_email]:contains(invoices@nowhere.example)"
        ),
        see(".o_data_row:last [name=maventa_customer_changes]:contains(Email)"),
        click(".o_group_header button:contains(Try all again)"),
        see(".o_notification:contains(4 invoices are being transferred.)"),
        see(".o_view_nocontent:contains(No failed invoices)"),
    ],
});

tours.add("maventa_ask_colleague", {
    steps: () => [
        see(`${BANNER}:contains(You can't change customers)`),
        see(`${BANNER}:not(:contains(Open the customer))`),
        see(`${BANNER}:not(:has(.btn-primary:visible + .btn-primary:visible))`),
        click(`${BANNER} .btn-primary:contains(Ask a colleague)`),
        see(".modal [name=summary] input:value(Correct Nowhere Oy)"),
        click(".modal button[name=action_schedule_activities]"),
        see("body:not(:has(.modal))"),
        see(".o-mail-Activity:contains(Correct Nowhere Oy)"),
    ],
});
