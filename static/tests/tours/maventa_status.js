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
            content: "Set it",
            trigger: ".modal button[name=action_set]",
            run: "click",
        },
        {
            content: "The dialog is closed and both invoices wait",
            trigger:
                "body:not(:has(.modal)) .o_data_row:eq(1) td[name=maventa_status_id]:contains(To be transferred)",
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
