import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("maventa_set_status", {
    steps: () => [
        {
            content: "Select all invoices",
            trigger: ".o_list_table thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Open the actions",
            trigger: ".o_cp_action_menus button:has(.fa-cog)",
            run: "click",
        },
        {
            content: "Choose to set a status",
            trigger: ".o_menu_item:contains(Set invoice status)",
            run: "click",
        },
        {
            content: "Choose the status that invoices are transferred from",
            trigger: ".modal .o_radio_item:contains(To be transferred) input",
            run: "click",
        },
        {
            content: "Check the invoices first",
            trigger: ".modal button[name=action_check]",
            run: "click",
        },
        {
            content: "The same window says what was found",
            trigger: ".modal [name=plan]:contains(Checked: no problem was found.)",
        },
        {
            content: "Set it",
            trigger: ".modal button[name=action_set]",
            run: "click",
        },
        {
            content: "The dialog is closed and both invoices wait",
            trigger:
                "body:not(:has(.modal)) .o_data_row:eq(1) td[name=maventa_status_id]:contains(To be transferred)",
        },
        {
            content: "It is said when they leave, and can be undone",
            trigger:
                ".o_notification:contains(2 invoices leave at) button:contains(Undo)",
        },
    ],
});

registry.category("web_tour.tours").add("maventa_undo_status", {
    steps: () => [
        ...registry.category("web_tour.tours").get("maventa_set_status").steps(),
        {
            content: "Undo it",
            trigger: ".o_notification button:contains(Undo)",
            run: "click",
        },
        {
            content: "The invoices have no status again",
            trigger:
                ".o_data_row:eq(1) td[name=maventa_status_id]:not(:contains(To be transferred))",
        },
    ],
});

registry.category("web_tour.tours").add("maventa_take_back", {
    steps: () => [
        {
            content: "Open the statuses",
            trigger: "[name=maventa_status_id] input",
            run: "click",
        },
        {
            content: "Choose the one that invoices are transferred from",
            trigger: ".o-autocomplete--dropdown-item:contains(To be transferred)",
            run: "click",
        },
        {
            content: "It is saved, and said when the invoice leaves",
            trigger:
                ".o_form_view:has(.o_form_saved, .o_form_readonly, .o_form_editable) [name=maventa_progress]:contains(Leaves at)",
        },
        {
            content: "Take it back",
            trigger: "button[name=action_maventa_take_back]",
            run: "click",
        },
        {
            content: "It does not leave",
            trigger: "body:not(:has([name=maventa_progress] .badge))",
        },
        {
            content: "A status that asks first",
            trigger: "[name=maventa_status_id] input",
            run: "click",
        },
        {
            content: "Choose the one of transferred invoices",
            trigger: ".o-autocomplete--dropdown-item:contains(/^Transferred$/)",
            run: "click",
        },
        {
            content: "It was not sent: leave it as it is",
            trigger: ".modal:contains(has not been sent) button.o_form_button_cancel, .modal:contains(has not been sent) .btn-secondary",
            run: "click",
        },
        {
            content: "The invoice has no status and nothing is to be saved",
            trigger:
                "body:not(:has(.modal)):not(:has(.o_form_button_save:visible)) [name=maventa_status_id] input:value()",
        },
    ],
});

registry.category("web_tour.tours").add("maventa_see_transferred", {
    steps: () => [
        {
            content: "The first invoice is transferred and on its way",
            trigger:
                ".o_data_row:eq(0):has(td[name=maventa_status_id]:contains(Transferred)):has(td[name=maventa_delivery_state]:contains(On the way))",
        },
        {
            content: "So is the second",
            trigger:
                ".o_data_row:eq(1):has(td[name=maventa_status_id]:contains(Transferred)):has(td[name=maventa_delivery_state]:contains(On the way))",
        },
    ],
});

const OPEN_TAB = {
    content: "Open what concerns Maventa",
    trigger: ".nav-link[name=maventa]",
    run: "click",
};

registry.category("web_tour.tours").add("maventa_worse_channel", {
    steps: () => [
        OPEN_TAB,
        {
            content: "What fell back to a letter is yellow, and says why",
            trigger:
                "[name=maventa_taken_channel] .text-bg-warning[data-tooltip*='is full']:contains(Letter)",
        },
    ],
});

registry.category("web_tour.tours").add("maventa_better_channel", {
    steps: () => [
        OPEN_TAB,
        {
            content: "What went by a better channel is not yellow",
            trigger:
                "[name=maventa_taken_channel]:contains(E-invoice):not(:has(.text-bg-warning))",
        },
    ],
});
