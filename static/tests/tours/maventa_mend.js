import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("maventa_mend_from_banner", {
    steps: () => [
        {
            content: "The banner says what stands in the way and leads to the customer",
            trigger:
                ".alert:contains(has no e-invoice address) a:contains(Open the customer), .alert:contains(has no e-invoice address) button:contains(Open the customer)",
            run: "click",
        },
        {
            content: "Give the customer an e-mail address",
            trigger: ".o_form_view .o_field_widget[name=email] input",
            run: "edit invoices@nowhere.example",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Go back to the invoice",
            trigger: ".o_form_saved",
        },
        {
            content: "Go back to the invoice",
            trigger: ".breadcrumb-item.o_back_button a, .o_back_button",
            run: "click",
        },
        {
            content: "Nothing stands in the way any more; look where it would go",
            trigger:
                ".o_form_view:not(:has(.alert:contains(has no e-invoice address))) .nav-link[name=maventa]",
            run: "click",
        },
        {
            content: "It would go by e-mail",
            trigger:
                ".o_field_widget[name=maventa_plan]:contains(invoices@nowhere.example)",
        },
    ],
});

registry.category("web_tour.tours").add("maventa_choose_files", {
    steps: () => [
        {
            content: "Open what concerns Maventa",
            trigger: ".nav-link[name=maventa]",
            run: "click",
        },
        {
            content: "What an e-invoice can't carry is told",
            trigger: "[name=maventa_attachment_notes]:contains(contract.docx stays here)",
        },
        {
            content: "What a letter can't carry is told",
            trigger:
                "[name=maventa_attachment_notes]:contains(photo.png will not be printed)",
        },
        {
            content: "The contract has no tick, and says why",
            trigger:
                "[name=attachment_ids] .o_data_row:contains(contract.docx):contains(not a PDF):not(:has([name=maventa_goes] input))",
        },
        {
            content: "Keep the photo back",
            trigger:
                "[name=attachment_ids] .o_data_row:contains(photo.png) [name=maventa_goes]",
            run: "click",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "It is saved",
            trigger: ".o_form_saved",
        },
        {
            content: "The note on it is gone",
            trigger: "[name=maventa_attachment_notes]:not(:contains(photo.png))",
        },
        {
            content: "The other note stays",
            trigger: "[name=maventa_attachment_notes]:contains(contract.docx)",
        },
    ],
});
